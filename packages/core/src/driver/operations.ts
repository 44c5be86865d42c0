import { unreachable } from '../values/unreachable.ts';
import type { Op, OperationIO } from './io.ts';
import type { OperationProblem, Problem } from './problem.ts';

/**
 * How many elements an operand has, and in which order:
 *
 *     'elements'   as x          [outer, groups, size, inner]
 *     'features'   as gamma      [groups, size]
 *     'rows'       as rstd       [outer, groups, inner]
 *     'positions'  as scales     [outer, inner]
 */
export type Extent = 'elements' | 'features' | 'rows' | 'positions';

/**
 * When an operand is there; else a driver is given null. `'gamma'` and `'beta'`: if the norm has one. `'given'`: if the
 * caller gave a tensor for it.
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

type KeysOfEach<T> = T extends unknown ? keyof T : never;

export type OperandName = KeysOfEach<OperationIO<unknown>[Op]>;

/** What is listed of one operation: all operands of its interface, each of them always present unless that says null. */
type Listed<IO> = {
  readonly [Name in keyof IO]: Omit<Operand, 'name' | 'present' | 'mayBe'> & {
    readonly present: null extends IO[Name] ? Exclude<Presence, 'always'> : 'always';
    readonly mayBe?: readonly Exclude<keyof IO, Name>[];
  };
};

const GAMMA = { role: 'input', extent: 'features', dtype: 'float32', present: 'gamma' } as const;
const BETA = { role: 'input', extent: 'features', dtype: 'float32', present: 'beta' } as const;
const RSTD = { role: 'output', extent: 'rows', dtype: 'float32', present: 'given' } as const;

/** Inputs first, then outputs. */
const OPERANDS: { readonly [O in Op]: Listed<OperationIO<object>[O]> } = {
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
    scales: { role: 'output', extent: 'positions', dtype: 'float32', present: 'always' },
  },
};

/** What each operation's problem says beyond {@link Problem}. */
const VALUES: { readonly [O in Op]: readonly Exclude<keyof OperationProblem[O], keyof Problem>[] } = {
  forward: [],
  addForward: [],
  gatedForward: ['normBeforeGate'],
  backward: [],
  sumSquares: [],
  scaleBy: ['count'],
  forwardQuantized: ['scale'],
};

/**
 * Every operation and its operands: what a driver is given, where each tensor's shape and dtype come from, and which
 * may share memory. Core checks callers by it; a backend that needs such lists makes them from it.
 */
export const OPERATIONS: { readonly [O in Op]: Operation } = Object.freeze({
  forward: operation('forward'),
  addForward: operation('addForward'),
  gatedForward: operation('gatedForward'),
  backward: operation('backward'),
  sumSquares: operation('sumSquares'),
  scaleBy: operation('scaleBy'),
  forwardQuantized: operation('forwardQuantized'),
});

/** All operations, in the order of the table. */
export const OPS: readonly Op[] = Object.freeze(Object.keys(OPERATIONS) as Op[]);

function operation(op: Op): Operation {
  const listed: Readonly<Record<string, Omit<Operand, 'name' | 'mayBe'> & Partial<Pick<Operand, 'mayBe'>>>> =
    OPERANDS[op];
  const operands = Object.entries(listed).map(([name, operand]) =>
    Object.freeze({ name: name as OperandName, ...operand, mayBe: Object.freeze([...(operand.mayBe ?? [])]) }),
  );
  return Object.freeze({ op, operands: Object.freeze(operands), values: Object.freeze([...VALUES[op]]) });
}

/** The operands of one operation by their names. */
export function operandsByName<O extends Op>(op: O): { readonly [Name in keyof OperationIO<unknown>[O]]: Operand } {
  const entries = OPERATIONS[op].operands.map((operand) => [operand.name, operand] as const);
  return Object.fromEntries(entries) as unknown as { [Name in keyof OperationIO<unknown>[O]]: Operand };
}

/** How many elements of a problem an operand has. */
export function operandLength(extent: Extent, { outer, groups, size, inner }: Problem): number {
  switch (extent) {
    case 'elements':
      return outer * groups * size * inner;
    case 'features':
      return groups * size;
    case 'rows':
      return outer * groups * inner;
    case 'positions':
      return outer * inner;
    default:
      return unreachable(extent, 'extent');
  }
}
