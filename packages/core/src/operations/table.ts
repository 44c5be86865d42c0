import type {
  AddForwardIO,
  BackwardIO,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  Op,
  ScaleByIO,
  SumSquaresIO,
} from '../driver.ts';

/**
 * How many elements an operand has, and in which order:
 *
 *     'elements'   as x          [outer, groups, size, inner]
 *     'features'   as gamma      [groups, size]
 *     'rows'       as rstd       [outer, groups, inner]
 *     'columns'    as scales     [outer, inner]
 */
export type Extent = 'elements' | 'features' | 'rows' | 'columns';

/**
 * When an operand is there; where it is not, a driver is given null. `'gamma'` and `'beta'`: where the norm has one.
 * `'given'`: where the caller gave a tensor for it.
 */
export type Presence = 'always' | 'gamma' | 'beta' | 'given';

/** One tensor that an operation reads or writes. */
export interface Operand {
  /** Its name in the driver's interface. */
  readonly name: OperandName;
  readonly role: 'input' | 'output';
  readonly extent: Extent;
  /** `'x'`: the dtype of x, which is that of the problem. */
  readonly dtype: 'x' | 'float32' | 'int8';
  readonly present: Presence;
  /**
   * Of an output: the inputs whose very memory it may be, from the first element to the last. It overlaps nothing else;
   * and two outputs of one call never share memory, though both may name the same input here.
   */
  readonly mayBe: readonly OperandName[];
}

/** What a driver is given for one operation. */
export interface Operation {
  readonly op: Op;
  /** All inputs, then all outputs. */
  readonly operands: readonly Operand[];
  /** What the operation's problem says beyond {@link Problem}. */
  readonly values: readonly ('normBeforeGate' | 'count' | 'scale')[];
}

/** The operands of each operation as a driver is given them. */
interface OperandsByOp<B> {
  forward: ForwardIO<B>;
  addForward: AddForwardIO<B>;
  gatedForward: GatedForwardIO<B>;
  backward: BackwardIO<B>;
  sumSquares: SumSquaresIO<B>;
  scaleBy: ScaleByIO<B>;
  forwardQuantized: ForwardQuantizedIO<B>;
}

type KeysOfEach<T> = T extends unknown ? keyof T : never;

export type OperandName = KeysOfEach<OperandsByOp<unknown>[Op]>;

/** Rows of one operation, checked against its interface: every operand of the interface, optional exactly where the interface says null. */
type Rows<IO> = {
  readonly [Name in keyof IO]: Omit<Operand, 'name' | 'present' | 'mayBe'> & {
    readonly present: null extends IO[Name] ? Exclude<Presence, 'always'> : 'always';
    readonly mayBe?: readonly Exclude<keyof IO, Name>[];
  };
};

const GAMMA = { role: 'input', extent: 'features', dtype: 'float32', present: 'gamma' } as const;
const BETA = { role: 'input', extent: 'features', dtype: 'float32', present: 'beta' } as const;
const RSTD = { role: 'output', extent: 'rows', dtype: 'float32', present: 'given' } as const;

/** Inputs first, then outputs. */
const OPERANDS: { readonly [O in Op]: Rows<OperandsByOp<'a buffer'>[O]> } = {
  forward: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    gamma: GAMMA,
    beta: BETA,
    y: { role: 'output', extent: 'elements', dtype: 'x', present: 'always', mayBe: ['x'] },
    rstd: RSTD,
  },
  addForward: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    residual: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    gamma: GAMMA,
    beta: BETA,
    y: { role: 'output', extent: 'elements', dtype: 'x', present: 'always', mayBe: ['x', 'residual'] },
    sum: { role: 'output', extent: 'elements', dtype: 'x', present: 'always', mayBe: ['x', 'residual'] },
    rstd: RSTD,
  },
  gatedForward: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    gate: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    gamma: GAMMA,
    beta: BETA,
    y: { role: 'output', extent: 'elements', dtype: 'x', present: 'always', mayBe: ['x', 'gate'] },
    rstd: RSTD,
  },
  backward: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    gamma: GAMMA,
    dy: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    rstd: { role: 'input', extent: 'rows', dtype: 'float32', present: 'given' },
    dsum: { role: 'input', extent: 'elements', dtype: 'x', present: 'given' },
    dx: { role: 'output', extent: 'elements', dtype: 'x', present: 'always', mayBe: ['dy', 'x'] },
    dgamma: { role: 'output', extent: 'features', dtype: 'float32', present: 'gamma' },
    dbeta: { role: 'output', extent: 'features', dtype: 'float32', present: 'beta' },
  },
  sumSquares: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    sums: { role: 'output', extent: 'rows', dtype: 'float32', present: 'always' },
  },
  scaleBy: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    sums: { role: 'input', extent: 'rows', dtype: 'float32', present: 'always' },
    gamma: GAMMA,
    beta: BETA,
    y: { role: 'output', extent: 'elements', dtype: 'x', present: 'always', mayBe: ['x'] },
  },
  forwardQuantized: {
    x: { role: 'input', extent: 'elements', dtype: 'x', present: 'always' },
    gamma: GAMMA,
    beta: BETA,
    q: { role: 'output', extent: 'elements', dtype: 'int8', present: 'always' },
    scales: { role: 'output', extent: 'columns', dtype: 'float32', present: 'always' },
  },
};

/**
 * Every operation and its operands: what a driver is given, where each tensor's shape and dtype come from, and which
 * may share memory. Core checks callers by it; a backend that needs such lists makes them from it.
 */
export const OPERATIONS: { readonly [O in Op]: Operation } = Object.freeze({
  forward: operation('forward'),
  addForward: operation('addForward'),
  gatedForward: operation('gatedForward', 'normBeforeGate'),
  backward: operation('backward'),
  sumSquares: operation('sumSquares'),
  scaleBy: operation('scaleBy', 'count'),
  forwardQuantized: operation('forwardQuantized', 'scale'),
});

function operation(op: Op, ...values: Operation['values']): Operation {
  const rows: Readonly<Record<string, Omit<Operand, 'name' | 'mayBe'> & Partial<Pick<Operand, 'mayBe'>>>> =
    OPERANDS[op];
  const operands = Object.entries(rows).map(([name, row]) =>
    Object.freeze({ name: name as OperandName, ...row, mayBe: Object.freeze([...(row.mayBe ?? [])]) }),
  );
  return Object.freeze({ op, operands: Object.freeze(operands), values: Object.freeze(values) });
}
