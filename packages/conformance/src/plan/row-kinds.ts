import type { FloatDType, Guarantee } from '@rmsnorm/core';
import {
  constant,
  cycle,
  type Distribution,
  heavyTailed,
  normal,
  oneAt,
  uniform,
  zerosInTurn,
} from '../inputs/distributions.ts';
import type { Random } from '../inputs/random.ts';
import type { Named } from '../operations/operation-model.ts';

/** What the kind of a call's rows depends on. */
interface Occasion {
  readonly subject: string;
  readonly operands: readonly string[];
  readonly dtype: FloatDType;
  readonly outer: number;
  readonly count: number;
  /** The operand that has the one number that is not finite. */
  readonly spoiled: string;
}

/** Where the numbers of each operand come from; those of others are standard normal. */
type Draws = Named<Distribution>;

/** Subnormals, none of them 0: of float32 and bfloat16 the large ones, so that r is a float32 number. */
function tiny(dtype: FloatDType): Distribution {
  const draw = (random: Random): number =>
    dtype === 'float16' ? random.integer(1, 900) * 2 ** -24 : (3 + 8 * random.uniform()) * 1e-39;
  return (random, count) => new Float64Array(count).map(() => random.pick([-1, 1]) * draw(random));
}

const KINDS: Readonly<Record<string, (occasion: Occasion) => Draws>> = {
  normal: () => ({}),
  constant: ({ operands }) => all(operands, constant),
  heavy: ({ operands }) => all(operands, heavyTailed),
  large: ({ subject }) =>
    subject === 'gatedForward'
      ? { x: normal(1e14), gate: uniform(1e12, 1e14) }
      : { x: normal(1e25), residual: normal(1e25) },
  small: () => ({ x: normal(1e-25), residual: normal(1e-25) }),
  zeros: ({ outer }) => ({ x: zerosInTurn(outer), residual: zerosInTurn(outer) }),
  nan: (occasion) => spoiledBy(occasion, Number.NaN),
  infinity: (occasion) => spoiledBy(occasion, Number.NEGATIVE_INFINITY),
  subnormal: ({ dtype }) => ({ x: tiny(dtype), residual: tiny(dtype) }),
  'subnormal-second': ({ subject, dtype }) => ({
    ...(subject === 'addForward' && { x: cycle([0]) }),
    residual: tiny(dtype),
    gate: tiny(dtype),
    dy: tiny(dtype),
    dsum: tiny(dtype),
  }),
};

/** The distributions of a kind of rows, for the operands that this subject has. */
export function drawsOf(kind: string, occasion: Occasion): Draws {
  const draws = Object.entries(KINDS[kind]!(occasion));
  return Object.fromEntries(draws.filter(([operand]) => occasion.operands.includes(operand)));
}

function all(operands: readonly string[], draw: Distribution): Draws {
  return Object.fromEntries(operands.map((operand) => [operand, draw]));
}

/** Behind the middle, so that most rows and features stay as they are. */
function spoiledBy({ spoiled, count }: Occasion, value: number): Draws {
  return { [spoiled]: oneAt(Math.floor((2 * count) / 3), value) };
}

/** What a backend must promise to be held to rows of a kind. */
export function promisesOf(kind: string, denominator: string | undefined): readonly Guarantee[] {
  switch (kind) {
    case 'large':
    case 'small':
      return ['extremes'];
    case 'nan':
    case 'infinity':
      return ['nonFinite'];
    case 'zeros':
      return denominator === 'eps=0' ? ['nonFinite'] : [];
    case 'subnormal':
    case 'subnormal-second':
      return ['subnormals', 'extremes'];
    default:
      return [];
  }
}

/** Whether subnormals of the dtype stay in the inputs. */
export function keepsSubnormals(kind: string): boolean {
  return kind.startsWith('subnormal');
}
