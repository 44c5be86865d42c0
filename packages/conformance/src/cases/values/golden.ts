import { rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { float32Error, NO_TERMS, type Tolerance, toleranceOf } from '../../expected/bounds.ts';
import { exactElement, exactRstd } from '../../expected/exact-forward.ts';
import { featureOf, featuresNeeded, normalizationOf, rowOf } from '../../expected/normalization.ts';
import { RECORDED } from '../../golden/recorded.ts';
import { fromHex } from '../../golden/results.ts';
import { GOLDEN_SPECS, type GoldenSpec, goldenInputs, goldenOptions } from '../../golden/specs.ts';
import { FORMATS, ulp } from '../../inputs/formats.ts';

/** What the programs themselves may err by, in float32 ulp, on rows as short as these. */
const PROGRAM_ULPS = 8;

/** Results of programs that are not ours: they show that others take the formula to be what this suite takes it to be. */
export const goldenCases: readonly Case[] = GOLDEN_SPECS.map((spec) => {
  const options = goldenOptions(spec);
  const features = featuresNeeded(normalizationOf(options, spec.shape), { beta: false, rstd: false });
  return {
    id: `forward/golden:${spec.id}`,
    requires: { op: 'forward', dtypes: [spec.dtype], features },
    run: ({ backend }) =>
      withTensors(backend, async (tensors) => {
        const { x, gamma } = goldenInputs(spec);
        const source = tensors.of(x, spec.shape);
        const weights = tensors.float32(gamma.values);
        const y = tensors.keep(rmsNorm(source, { ...options, gamma: weights }));
        const allowed = errors(spec, toleranceOf(backend.supports.accuracy, NO_TERMS));
        const { values } = await read(y);
        const recorded = fromHex(RECORDED[spec.id]!, spec.dtype).values;
        for (const [i, expected] of recorded.entries()) {
          check(
            Math.abs(values[i]! - expected) <= allowed[i]!,
            () => `element ${i} of ${recorded.length}: got ${values[i]}, ${spec.program} gave ${expected}`,
          );
        }
      }),
  };
});

/** How far each element may be from what was recorded: the backend's bound and the program's, each rounded once. */
function errors(spec: GoldenSpec, tolerance: Tolerance): Float64Array {
  const { x, gamma } = goldenInputs(spec);
  const normalization = normalizationOf(goldenOptions(spec), spec.shape);
  const rstd = exactRstd({ normalization, x: x.values });
  return Float64Array.from(x.values, (value, i) => {
    const weight = gamma.values[featureOf(normalization, i)]!;
    const { magnitude } = exactElement(value, rstd[rowOf(normalization, i)]!, weight, 0);
    const program = PROGRAM_ULPS * ulp(FORMATS.float32, magnitude);
    // Either may round to the neighbour of a 16-bit type, 'loose' by its four steps.
    const steps = tolerance.accuracy === 'loose' ? 5 : 1;
    const rounding = spec.dtype === 'float32' ? 0 : steps * ulp(FORMATS[spec.dtype], magnitude);
    return float32Error(tolerance, magnitude) + program + rounding;
  });
}
