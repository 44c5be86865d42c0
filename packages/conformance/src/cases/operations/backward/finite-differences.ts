import type { Case } from '../../../case/case.ts';
import { check } from '../../../case/failure.ts';
import { differences } from '../../../expected/finite-differences.ts';
import { normalizationOf } from '../../../expected/normalization.ts';
import { BACKWARD, type BackwardSpec } from '../../../operations/backward.ts';
import { requirementsOf } from '../../../operations/forward-spec.ts';
import { outcomeOf } from '../../../operations/run-call.ts';

const DIFFERENTIATED: Readonly<Record<string, BackwardSpec>> = {
  rows: { shape: [3, 5], options: { dim: 5, axis: -1, eps: 0.01 } },
  'channels-first,groups': { shape: [2, 6, 3], options: { dim: 6, groups: 2 } },
  'partial=0.5': { shape: [2, 8], options: { dim: 8, partial: 0.5 } },
  'scale=3': { shape: [2, 4], options: { dim: 4, scale: 3, eps: 0 } },
  'mode=clamp,inactive': { shape: [2, 4], options: { dim: 4, epsMode: 'clamp', eps: 1e-3 } },
  'mode=clamp,active': { shape: [2, 4], options: { dim: 4, epsMode: 'clamp', eps: 100 } },
  'offset=1': { shape: [3, 4], options: { dim: 4, weightOffset: 1 } },
  'gamma=none': { shape: [3, 4], options: { dim: 4 }, gamma: null },
};

/** Against differences of forward in float64, not against a formula of the gradient. */
export const finiteDifferenceCases: readonly Case[] = Object.entries(DIFFERENTIATED).map(([name, base]) => {
  const spec: BackwardSpec = { beta: true, dsum: true, ...base };
  return {
    id: `backward/finite-differences:${name}`,
    requires: requirementsOf(spec, 'backward'),
    async run(subject) {
      const prepared = BACKWARD.prepare(spec, subject.random);
      const results = await outcomeOf(subject, prepared);
      const values = (input: string): ArrayLike<number> | null => prepared.inputs[input]?.content.values ?? null;
      const expected = differences({
        dtype: 'float32',
        normalization: normalizationOf(spec.options, spec.shape),
        x: values('x')!,
        gamma: values('gamma'),
        beta: values('beta'),
        dy: values('dy')!,
        dsum: values('dsum'),
      });
      for (const what of ['dx', 'dgamma', 'dbeta'] as const) {
        const slopes = expected[what];
        if (!slopes) continue;
        const largest = slopes.reduce((max, slope) => Math.max(max, Math.abs(slope)), 1);
        for (const [i, slope] of slopes.entries()) {
          const got = results[what]![i]!;
          check(
            Math.abs(got - slope) <= 2e-5 * largest,
            () => `${what}[${i}] is ${got}, finite differences of forward in float64 give ${slope}`,
          );
        }
      }
    },
  };
});
