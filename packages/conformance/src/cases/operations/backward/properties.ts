import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case, Subject } from '../../../case/case.ts';
import { caseId, showShape } from '../../../case/case-id.ts';
import { check } from '../../../case/failure.ts';
import { exactGradients } from '../../../expected/exact-backward.ts';
import { countOf, normalizationOf, rowOf, rowsShape } from '../../../expected/normalization.ts';
import { cycle, normal } from '../../../inputs/distributions.ts';
import { BACKWARD, type BackwardSpec } from '../../../operations/backward.ts';
import { dxError, sumError } from '../../../operations/compare-gradients.ts';
import { requirementsOf } from '../../../operations/forward-spec.ts';
import type { Results } from '../../../operations/operation-model.ts';
import { outcomeOf } from '../../../operations/run-call.ts';

/** At eps = 0 y does not change with the length of x, so that the gradient is at right angles to x. */
const orthogonalCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [
    { shape: [9, 127], options: { dim: 127, axis: -1, eps: 0, scale: 2 } },
    { shape: [2, 24, 7], options: { dim: 24, groups: 4, eps: 0 } },
  ].map((layout): Case => {
    const spec: BackwardSpec = { ...layout, dtype };
    return {
      id: caseId('backward/properties', { of: 'dx-orthogonal-to-x', dtype, shape: showShape(spec.shape) }),
      requires: requirementsOf(spec, 'backward'),
      async run(subject) {
        const { prepared, normalization, scale, error } = prepareBounded(subject, spec);
        const { dx } = await outcomeOf(subject, prepared);
        const x = prepared.inputs.x!.content.values;
        const sums = new Float64Array(countOf(rowsShape(normalization)));
        const limits = new Float64Array(sums.length);
        for (let flat = 0; flat < x.length; flat++) {
          const at = rowOf(normalization, flat);
          sums[at]! += dx![flat]! * x[flat]!;
          limits[at]! += Math.abs(x[flat]!) * error(scale[flat]!, dx![flat]!);
        }
        for (const [at, sum] of sums.entries()) {
          check(Math.abs(sum) <= limits[at]!, () => `sum(dx * x) of row ${at} is ${sum}, not 0 within ${limits[at]}`);
        }
      },
    };
  }),
);

/** dx and dgamma of a sum of gradients are the sums of theirs. */
const linearCases: readonly Case[] = FLOAT_DTYPES.map((dtype): Case => {
  const spec: BackwardSpec = { shape: [9, 65], options: { dim: 65, axis: -1 }, dtype };
  return {
    id: caseId('backward/properties', { of: 'linear-in-dy', dtype }),
    requires: requirementsOf(spec, 'backward'),
    async run(subject) {
      const count = 9 * 65;
      const x = [...normal()(subject.random, count)];
      // Small multiples of 1/4: their sum is exact in every dtype.
      const quarters = (): number[] => Array.from({ length: count }, () => subject.random.integer(-8, 8) / 4);
      const [first, second] = [quarters(), quarters()];
      const gamma = [...normal()(subject.random, 65)];
      const both = first.map((value, i) => value + second[i]!);
      const runs = [first, second, both].map((dy) =>
        prepareBounded(subject, { ...spec, x: cycle(x), gamma: cycle(gamma), dy: cycle(dy) }),
      );
      const results: Results[] = [];
      for (const { prepared } of runs) results.push(await outcomeOf(subject, prepared));
      const [a, b, c] = results;
      for (let i = 0; i < count; i++) {
        const [da, db, dc] = [a!.dx![i]!, b!.dx![i]!, c!.dx![i]!];
        const limit = [da, db, dc].reduce((sum, dx, run) => sum + runs[run]!.error(runs[run]!.scale[i]!, dx), 0);
        check(Math.abs(da + db - dc) <= limit, () => `dx[${i}] of dy1 + dy2 is ${dc}, dx of both ${da} + ${db}`);
      }
      for (let i = 0; i < 65; i++) {
        const [da, db, dc] = [a!.dgamma![i]!, b!.dgamma![i]!, c!.dgamma![i]!];
        const { accuracy } = subject.backend.supports;
        const limit = runs.reduce((sum, { terms }) => sum + sumError(accuracy, terms[i]!, 9), 0);
        check(Math.abs(da + db - dc) <= limit, () => `dgamma[${i}] of dy1 + dy2 is ${dc}, of both ${da} + ${db}`);
      }
    },
  };
});

/** Relations between gradients. */
export const backwardPropertyCases: readonly Case[] = [...orthogonalCases, ...linearCases];

/** The call of a spec, and what each gradient may be off by, its rounding included. */
function prepareBounded({ backend, random }: Subject, spec: BackwardSpec) {
  const prepared = BACKWARD.prepare(spec, random);
  const normalization = normalizationOf(spec.options, spec.shape);
  const values = (input: string): Float32Array | null => prepared.inputs[input]?.content.values ?? null;
  const dtype = spec.dtype ?? 'float32';
  const { dxScale, dgammaTerms } = exactGradients({
    dtype,
    normalization,
    x: values('x')!,
    gamma: values('gamma'),
    beta: null,
    dy: values('dy')!,
    rstd: null,
    dsum: null,
  });
  const { accuracy } = backend.supports;
  const steps = accuracy === 'loose' ? 4.5 : 0.5;
  const unit = { float32: 0, float16: 2 ** -10, bfloat16: 2 ** -7 }[dtype];
  const error = (scale: number, dx: number): number =>
    dxError(accuracy, scale, dx, null) + steps * unit * (accuracy === 'loose' ? scale : Math.abs(dx)) + TINY[dtype];
  return { prepared, normalization, scale: dxScale, terms: dgammaTerms, error };
}

/** Half the spacing of subnormals. */
const TINY: Readonly<Record<FloatDType, number>> = { float32: 2 ** -150, float16: 2 ** -25, bfloat16: 2 ** -134 };
