/** What one factor may be: some of its values. */
export interface Side {
  readonly factor: string;
  readonly values: readonly string[] | ((value: string) => boolean);
}

/** Two things that do not stand in one call, and why. */
export interface Rule {
  /** The subjects that it is about; all unless given. */
  readonly of?: readonly string[];
  readonly one: Side;
  readonly other: Side;
  readonly reason: string;
}

const side = (factor: string, ...values: readonly string[]): Side => ({ factor, values });
const isClamp = (value: string): boolean => value.startsWith('clamp');
const shares = (name: string) => (place: string) => place.includes(name);

/** The dtypes whose subnormals are those of float32. */
const WIDE_RANGE: Side = side('dtype', 'float32', 'bfloat16');

/** Every empty cell of the table has its reason here. `promise` stands for what cases require, as no factor does. */
export const RULES: readonly Rule[] = [
  {
    one: side('offset', '1'),
    other: side('gamma', 'none'),
    reason: 'without gamma weightOffset must be 0',
  },
  {
    one: { factor: 'denominator', values: isClamp },
    other: side('partial', '0.5'),
    reason: "'clamp' needs partial = 1",
  },
  {
    one: side('dtype', 'float16'),
    other: side('rows', 'large', 'small'),
    reason: 'float16 does not hold numbers whose squares leave float32',
  },
  ...(['rows', 'promise'] as const).map(
    (factor): Rule => ({
      of: ['sumSquares', 'scaleBy'],
      one: WIDE_RANGE,
      other: side(factor, 'subnormal', 'subnormals'),
      reason: 'squares of their subnormals are below size * 2^-98, where sums promise nothing',
    }),
  ),
  ...(['rows', 'promise'] as const).map(
    (factor): Rule => ({
      of: ['gatedForward'],
      one: WIDE_RANGE,
      other: side(factor, 'subnormal', 'subnormal-second', 'subnormals'),
      reason: 'x * silu(gate) of their subnormals is no normal float32 number',
    }),
  ),
  {
    of: ['backward'],
    one: WIDE_RANGE,
    other: side('rows', 'subnormal-second'),
    reason: 'dy * weight of their subnormals is no normal float32 number',
  },
  {
    of: ['scaleBy'],
    one: side('promise', 'extremes'),
    other: side('dtype', 'float32', 'bfloat16'),
    reason: 'the sums of such rows are beyond [size * 2^-98, 2^126], where sums promise nothing',
  },
  {
    of: ['apply'],
    one: side('promise', 'invariance'),
    other: { factor: 'dtype', values: () => true },
    reason: 'each of its cases holds it to the bits of forward, where the backend promises them',
  },
  {
    one: { factor: 'place', values: shares('beta is gamma') },
    other: side('gamma', 'none'),
    reason: 'there is no gamma to be given as beta',
  },
  {
    one: { factor: 'place', values: shares('beta is gamma') },
    other: side('beta', 'none'),
    reason: 'there is no beta',
  },
  {
    of: ['backward'],
    one: { factor: 'place', values: shares('dsum is') },
    other: side('dsum', 'none'),
    reason: 'there is no dsum',
  },
  {
    of: ['backward'],
    one: side('rows', 'zeros', 'nan', 'infinity'),
    other: side('rstd', 'given'),
    reason: 'the statistic of such a row is no number that could be given',
  },
  {
    one: { factor: 'place', values: (place) => / is (x|dy)/.test(place) },
    other: side('rows', 'subnormal-second'),
    reason: 'one tensor cannot be subnormal and its double not',
  },
  {
    one: side('rows', 'small'),
    other: { factor: 'denominator', values: (value) => value !== 'eps=0' },
    reason: 'beside an eps that dominates such rows are like any',
  },
  {
    of: ['gatedForward'],
    one: side('order', 'norm-first'),
    other: side('rows', 'large'),
    reason: 'x is at most 1e15 in gatedForward: squares leave float32 only where the gate comes first',
  },
  {
    of: ['gatedForward'],
    one: side('place', 'gate is x'),
    other: side('rows', 'small'),
    reason: 'x * silu(x) would be no normal float32 number',
  },
  {
    one: side('size', 'around-131072'),
    other: side('layout', 'vector-columns', 'wide-columns', 'grouped-columns'),
    reason: 'half a million elements and more, in the path that rows of 65,536 take',
  },
];

/** Why two values cannot stand in one call of this subject; undefined where they can. */
export function reasonAgainst(subject: string, a: string, x: string, b: string, y: string): string | undefined {
  return RULES.find(
    ({ of, one, other }) =>
      (of === undefined || of.includes(subject)) &&
      ((takes(one, a, x) && takes(other, b, y)) || (takes(one, b, y) && takes(other, a, x))),
  )?.reason;
}

function takes({ factor, values }: Side, name: string, value: string): boolean {
  if (factor !== name) return false;
  return typeof values === 'function' ? values(value) : values.includes(value);
}
