import fc from 'fast-check';
import type { Case, Requirements } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { createRandom } from '../../inputs/random.ts';
import { verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { anyForward } from './any-forward.ts';
import { holds } from './holds.ts';
import { relationCases } from './relations.ts';

const FUZZ_PARTS = 10;
const FUZZ_RUNS = 50;

/** Any shape with any options that the backend declares, against the exact result. */
const anyForwardCases: readonly Case[] = Array.from({ length: FUZZ_PARTS }, (_, part) => ({
  id: caseId('forward/properties', { fuzz: part + 1 }),
  requires: { op: 'forward' } satisfies Requirements,
  run: (subject) => {
    const property = fc.asyncProperty(anyForward(subject), fc.nat(), async (spec, seed) => {
      await verifyForward(subject, inputsOf(spec, createRandom(seed)));
    });
    return holds(subject, property, FUZZ_RUNS);
  },
}));

/** Properties, drawn and shrunk by fast-check: relations between results, and any shape with any options. */
export const propertyCases: readonly Case[] = [...relationCases, ...anyForwardCases];
