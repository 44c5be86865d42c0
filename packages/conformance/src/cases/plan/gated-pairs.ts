import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { uniform } from '../../inputs/distributions.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import { operationCase } from '../../operations/run-call.ts';

const ROWS = 300_000;

/**
 * Many short rows with gates where silu rounds most often. Where the gate comes first, the larger of two elements carries
 * its error into the statistic of the other: the bound is then met by a silu that is nearly exact, and by no other.
 */
export const gatedPairCases: readonly Case[] = [false, true].map((normBeforeGate) =>
  operationCase(
    caseId('gatedForward/plan', { pairs: ROWS, order: normBeforeGate ? 'norm-first' : 'gate-first' }),
    GATED_FORWARD,
    {
      shape: [ROWS, 2],
      options: { dim: 2, axis: -1, normBeforeGate },
      gate: uniform(-14, -0.5),
      lookAt: 'x * silu(gate) must not lose more than an ulp or so: exp, its sum with 1 and the division each round',
    },
  ),
);
