import { rmsNormQuantized } from '@rmsnorm/core';
import { roundsOnce, unrounded } from '../expected/allowed.ts';
import { type Tolerance, toleranceOf } from '../expected/bounds.ts';
import { compareResult, type Expected } from '../expected/compare-result.ts';
import { elementAt, exactRstd, type ForwardOperands } from '../expected/exact-forward.ts';
import { show } from '../expected/messages.ts';
import { featureOf, type Normalization } from '../expected/normalization.ts';
import { Math, Number } from '../globals.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { type ForwardSpec, inputsOf, termsOf } from './forward-spec.ts';
import { normInputs, weightTensors } from './operands.ts';
import type { OperationModel } from './operation-model.ts';

export interface QuantizedSpec extends ForwardSpec {
  /** The scale that is given; unless given, each (outer, inner) gets its own. */
  readonly scale?: number;
}

export const FORWARD_QUANTIZED: OperationModel<QuantizedSpec> = {
  op: 'forwardQuantized',
  prepare(spec, random) {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, operands } = inputs;
    const { normalization } = operands;
    const { outer, inner, casting } = normalization;
    return {
      inputs: normInputs(inputs),
      outputs: { q: { dtype: 'int8', shape }, scales: { dtype: 'float32', shape: [outer, inner] } },
      call({ x, ...rest }, out) {
        const quantScale = spec.scale;
        return { ...rmsNormQuantized(x!, { ...options, ...weightTensors(rest), quantScale, out }) };
      },
      compare(results, { accuracy, stale, observe }) {
        const values = exactValues(operands, toleranceOf(accuracy, termsOf(inputs)));
        const scales = results.scales!;
        const expected = expectScales(normalization, values, {
          given: spec.scale,
          // Two roundings to a 16-bit type are no number of ulp of float32.
          unit: roundsOnce(casting, x.dtype),
        });
        compareResult(scales, {
          what: 'scales',
          shape: [outer, inner],
          expected: (place) => expected[place]!,
          bound:
            spec.scale === undefined
              ? 'max|y| / 127 within 4 ulp, and what y may be off by'
              : 'the scale that was given',
          stale,
          lookAt: spec.lookAt ?? 'one scale for each (outer, inner) over all its groups, 1 where all is 0',
          observe,
        });
        compareResult(results.q!, {
          what: 'q',
          shape,
          expected: expectQuantized(normalization, values, scales),
          bound: 'what a number within 1e-4 of y / scale rounds to, y being within its bound',
          about: (flat) =>
            `x = ${x.values[flat]}, y = ${show(values.y[flat]!)}, scale = ${scales[placeOf(normalization, flat)]}, ` +
            `feature ${featureOf(normalization, flat)}`,
          stale: stale === undefined ? undefined : Math.trunc(stale),
          lookAt: spec.lookAt,
        });
      },
    };
  },
};

/** Which scale, [outer, inner], belongs to an element. */
function placeOf({ groups, size, inner }: Normalization, flat: number): number {
  return Math.floor(flat / (groups * size * inner)) * inner + (flat % inner);
}

/** y in float64, not rounded to the dtype of x, and the interval that its float32 value may lie in. */
interface ExactValues {
  readonly y: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

function exactValues(operands: ForwardOperands, tolerance: Tolerance): ExactValues {
  const { normalization, x, dtype } = operands;
  const rstd = exactRstd(operands);
  const values = {
    y: new Float64Array(x.length),
    low: new Float64Array(x.length),
    high: new Float64Array(x.length),
  };
  for (let flat = 0; flat < x.length; flat++) {
    const element = elementAt(operands, rstd, flat);
    const interval = unrounded(element, dtype, normalization.casting, tolerance);
    values.y[flat] = element.y;
    values.low[flat] = interval ? interval.low : Number.NaN;
    values.high[flat] = interval ? interval.high : Number.NaN;
  }
  return values;
}

/**
 * max|y| / 127 over all groups of an (outer, inner), 1 where that is 0: 4 ulp on top of what the largest |y| may be off by.
 * Null where the contract does not say what comes out: y is not finite in float32, or may vanish.
 */
function expectScales(
  normalization: Normalization,
  { y, low, high }: ExactValues,
  { given, unit }: { given: number | undefined; unit: boolean },
): readonly (Expected | null)[] {
  const count = normalization.outer * normalization.inner;
  if (given !== undefined) {
    const scale = Math.fround(given);
    return new Array(count).fill({ exact: scale, low: scale, high: scale });
  }
  const exact = new Float64Array(count);
  const least = new Float64Array(count);
  const most = new Float64Array(count);
  for (let flat = 0; flat < y.length; flat++) {
    const place = placeOf(normalization, flat);
    const [from, to] = [low[flat]!, high[flat]!];
    exact[place] = Math.max(exact[place]!, Math.abs(y[flat]!));
    least[place] = Math.max(least[place]!, from > 0 ? from : to < 0 ? -to : 0);
    most[place] = Math.max(most[place]!, -from, to);
  }
  return Array.from(exact, (max, place): Expected | null => {
    if (!Number.isFinite(max)) return null;
    // NaN where an x * r does not fit.
    if (Number.isNaN(most[place])) return null;
    if (max === 0) return { exact: 1, low: 1, high: 1 };
    // y may be 0 or infinite in float32.
    if (least[place] === 0 || max > FORMATS.float32.max || max / 127 < FORMATS.float32.minNormal) return null;
    const error = 4 * ulp(FORMATS.float32, max / 127);
    return {
      exact: max / 127,
      low: least[place]! / 127 - error,
      high: most[place]! / 127 + error,
      unit: unit ? error / 4 : undefined,
    };
  });
}

/** y / scale by the scale that came out, rounded; either way within 1e-4 of a half, for any y within its bound. */
function expectQuantized(
  normalization: Normalization,
  values: ExactValues,
  scales: ArrayLike<number>,
): (flat: number) => Expected | null {
  return (flat) => {
    const scale = scales[placeOf(normalization, flat)]!;
    const exact = values.y[flat]! / scale;
    if (!Number.isFinite(scale) || !Number.isFinite(exact) || Number.isNaN(values.low[flat]!)) return null;
    const least = values.low[flat]! / scale - 1e-4;
    const most = values.high[flat]! / scale + 1e-4;
    return { exact, low: clamped(Math.ceil(least - 0.5)), high: clamped(Math.floor(most + 0.5)) };
  };
}

function clamped(value: number): number {
  return Math.max(-127, Math.min(127, value));
}
