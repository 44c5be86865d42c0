import {
  FEATURES,
  type Feature,
  FLOAT_DTYPES,
  type FloatDType,
  GUARANTEES,
  OPS,
  type Op,
  type Supports,
} from '@rmsnorm/core';
import type { Random } from '../../../src/index.ts';

/** Any legal manifest: operations with or without forward, any dtypes, limits of some operations. */
export function drawSupports(random: Random): Supports {
  const ops = random.uniform() < 0.4 ? OPS : someOf(random, OPS, 0.6, 1);
  const dtypes = random.uniform() < 0.4 ? FLOAT_DTYPES : someOf(random, FLOAT_DTYPES, 0.5, 1);
  const features = random.uniform() < 0.5 ? FEATURES : someOf(random, FEATURES, 0.6);
  const limited = random.uniform() < 0.5 ? [] : someOf(random, ops, 0.5);
  return {
    ops,
    dtypes,
    accuracy: random.pick(['ieee', 'ieee', 'webgpu', 'loose']),
    features,
    promises: random.uniform() < 0.4 ? GUARANTEES : someOf(random, GUARANTEES, 0.5),
    ...(limited.length > 0 && { limits: drawLimits(random, limited, features, dtypes) }),
  };
}

function drawLimits(
  random: Random,
  ops: readonly Op[],
  features: readonly Feature[],
  dtypes: readonly FloatDType[],
): NonNullable<Supports['limits']> {
  const limits = ops.map((op) => [
    op,
    {
      ...(random.bits() & 1 && { features: someOf(random, features, 0.5) }),
      ...(random.bits() & 1 && { dtypes: someOf(random, dtypes, 0.5, 1) }),
    },
  ]);
  return Object.fromEntries(limits);
}

/** Each item with a chance, in any order; at least `least` of them. */
function someOf<T>(random: Random, items: readonly T[], chance: number, least = 0): readonly T[] {
  const taken = items.filter(() => random.uniform() < chance);
  const enough = taken.length >= least ? taken : [random.pick(items)];
  return random.bits() & 1 ? enough : [...enough].reverse();
}
