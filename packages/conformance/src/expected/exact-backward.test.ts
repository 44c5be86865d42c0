import { describe, expect, test } from 'vitest';
import { normal } from '../inputs/distributions.ts';
import { createRandom } from '../inputs/random.ts';
import type { ForwardOptions } from '../operations/forward-spec.ts';
import { exactGradients } from './exact-backward.ts';
import { differences } from './finite-differences.ts';
import { normalizationOf } from './normalization.ts';

const CASES: readonly [name: string, shape: number[], options: ForwardOptions][] = [
  ['rows', [3, 5], { dim: 5, axis: -1 }],
  ['another eps', [3, 5], { dim: 5, axis: -1, eps: 0.5 }],
  ['channels first, groups', [2, 6, 3], { dim: 6, groups: 2 }],
  ['a part of the features', [2, 9], { dim: 9, partial: 0.4 }],
  ['another scale', [2, 4], { dim: 4, scale: -3 }],
  ['clamp, not active', [2, 4], { dim: 4, epsMode: 'clamp', eps: 1e-3 }],
  ['clamp, active', [2, 4], { dim: 4, epsMode: 'clamp', eps: 100 }],
  ['offset', [3, 4], { dim: 4, weightOffset: 1 }],
];

describe('the gradients are those of forward', () => {
  test.each(CASES)('%s', (name, shape, options) => {
    const random = createRandom(1, name);
    const normalization = normalizationOf(options, shape);
    const count = shape.reduce((product, length) => product * length, 1);
    const features = normalization.groups * normalization.size;
    const operands = {
      dtype: 'float32' as const,
      normalization,
      x: normal()(random, count),
      gamma: normal()(random, features),
      beta: normal()(random, features),
      dy: normal()(random, count),
      dsum: normal()(random, count),
    };
    const exact = exactGradients({ ...operands, rstd: null });
    const slopes = differences(operands);
    for (const what of ['dx', 'dgamma', 'dbeta'] as const) {
      for (const [i, slope] of slopes[what]!.entries()) {
        const error = Math.abs(exact[what][i]! - slope) / Math.max(1, Math.abs(slope));
        expect(error, `${what}[${i}]`).toBeLessThan(1e-8);
      }
    }
  });
});
