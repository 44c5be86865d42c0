import { FLOAT_DTYPES, type Op } from '@rmsnorm/core';
import type { Factor } from './covering-array.ts';
import { LAYOUT_FAMILIES } from './layout-families.ts';
import { COSTLY_SIZES, SIZE_CLASSES } from './size-classes.ts';

/** What the plan is about: an operation, or forward from host array to host array, which drivers may do in another way. */
export interface PlanSubject {
  readonly name: string;
  readonly op: Op;
  /** Operands of the shape and dtype of x, x first. */
  readonly operands: readonly string[];
  readonly factors: readonly Factor[];
  /** What other subjects have in their table and this one does not, with the reason. */
  readonly lacks: Readonly<Record<string, string>>;
}

/** One number of each option's settings in each row; the first value is the default. */
export const OPTION_FACTORS = {
  denominator: ['eps=1e-6', 'eps=0', 'eps=0.5', 'clamp,eps=1e-12', 'clamp,eps=1000'],
  scale: ['root', '3', '-0.25'],
  partial: ['1', '0.5'],
  gamma: ['given', 'none'],
  beta: ['none', 'given'],
  offset: ['0', '1'],
  casting: ['gemma', 'llama'],
  order: ['gate-first', 'norm-first'],
  rstd: ['recomputed', 'given'],
  dsum: ['none', 'given'],
  others: ['0', '77'],
  quantum: ['own', 'given'],
} as const;

export type OptionFactor = keyof typeof OPTION_FACTORS;

const NORM: readonly OptionFactor[] = ['denominator', 'scale', 'partial', 'gamma', 'beta', 'offset', 'casting'];

/** Kinds of rows, in all their operands; the second five are promises of their own. */
const ROWS = ['normal', 'constant', 'heavy', 'large', 'small', 'zeros', 'nan', 'infinity', 'subnormal'];
/** Subnormals in an operand other than x. */
const SECOND = 'subnormal-second';

function factorsOf(
  options: readonly OptionFactor[],
  { rows = ROWS, places, asked = false }: { rows?: readonly string[]; places: readonly string[]; asked?: boolean },
): readonly Factor[] {
  return [
    { name: 'dtype', values: FLOAT_DTYPES },
    { name: 'layout', values: LAYOUT_FAMILIES.map(({ name }) => name) },
    { name: 'size', values: SIZE_CLASSES.map(({ name }) => name), costly: COSTLY_SIZES },
    { name: 'rows', values: rows },
    ...options.map((name) => ({ name, values: OPTION_FACTORS[name] })),
    { name: 'place', values: places },
    ...(asked ? [{ name: 'asked', values: ['no', 'rstd'] }] : []),
  ];
}

const NO_OTHER = 'there is no second operand of the shape of x';
const NO_RSTD = 'there is no rstd to ask for';
const NO_PLACE = 'no output may be an input';
const SHARED_WEIGHTS = 'beta is gamma';

/** `y in x`: the output takes the memory of the input. `dy is x`: one tensor is given as both. */
export const SUBJECTS: readonly PlanSubject[] = [
  {
    name: 'forward',
    op: 'forward',
    lacks: { 'rows=subnormal-second': NO_OTHER },
    operands: ['x'],
    factors: factorsOf(NORM, { places: ['fresh', 'given', 'y in x', SHARED_WEIGHTS], asked: true }),
  },
  {
    name: 'apply',
    op: 'forward',
    lacks: { 'rows=subnormal-second': NO_OTHER, asked: NO_RSTD, 'beta is gamma': 'host arrays are not tensors' },
    operands: ['x'],
    factors: factorsOf(NORM, { places: ['fresh', 'given', 'y in x'] }),
  },
  {
    name: 'addForward',
    op: 'addForward',
    lacks: {},
    operands: ['x', 'residual'],
    factors: factorsOf(NORM, {
      rows: [...ROWS, SECOND],
      places: [
        ...['fresh', 'given', 'y in x', 'y in residual', 'sum in x', 'sum in residual'],
        ...['y in x, sum in residual', 'y in residual, sum in x', 'residual is x', SHARED_WEIGHTS],
      ],
      asked: true,
    }),
  },
  {
    name: 'gatedForward',
    op: 'gatedForward',
    lacks: {},
    operands: ['x', 'gate'],
    factors: factorsOf([...NORM, 'order'], {
      rows: [...ROWS, SECOND],
      places: ['fresh', 'given', 'y in x', 'y in gate', 'gate is x', SHARED_WEIGHTS],
      asked: true,
    }),
  },
  {
    name: 'backward',
    op: 'backward',
    lacks: { asked: NO_RSTD },
    operands: ['x', 'dy', 'dsum'],
    factors: factorsOf([...NORM, 'rstd', 'dsum'], {
      rows: [...ROWS, SECOND],
      places: [
        ...['fresh', 'given', 'dx in x', 'dx in dy', 'dy is x', 'dsum is dy', 'dsum is x'],
        ...['dsum is dy, dx in x', 'dsum is dy is x', SHARED_WEIGHTS],
      ],
    }),
  },
  {
    name: 'sumSquares',
    op: 'sumSquares',
    lacks: {
      options: 'weights, eps, casting and scale play no part in a sum; partial must be 1',
      'rows=subnormal-second': NO_OTHER,
      asked: NO_RSTD,
      'place=given': 'sums always come in a new tensor',
    },
    operands: ['x'],
    factors: factorsOf([], { places: ['fresh'] }),
  },
  {
    name: 'scaleBy',
    op: 'scaleBy',
    lacks: {
      partial: 'a statistic of a part of the features has no place where they are sharded',
      'rows=large, rows=small': 'sums beyond [size * 2^-98, 2^126], of which scaleBy promises nothing',
      'rows=subnormal-second': NO_OTHER,
      asked: NO_RSTD,
    },
    operands: ['x'],
    factors: factorsOf([...NORM.filter((name) => name !== 'partial'), 'others'], {
      rows: ROWS.filter((rows) => rows !== 'large' && rows !== 'small'),
      places: ['fresh', 'given', 'y in x', SHARED_WEIGHTS],
    }),
  },
  {
    name: 'forwardQuantized',
    op: 'forwardQuantized',
    lacks: { 'rows=subnormal-second': NO_OTHER, asked: NO_RSTD, 'y in x': NO_PLACE },
    operands: ['x'],
    factors: factorsOf([...NORM, 'quantum'], { places: ['fresh', 'given', SHARED_WEIGHTS] }),
  },
];

/** The factors of a subject that are options. */
export function optionFactorsOf({ factors }: PlanSubject): readonly string[] {
  return factors.flatMap(({ name }) => (name in OPTION_FACTORS ? [name] : []));
}
