import { type Accuracy, scaleBy, sumSquares } from '@rmsnorm/core';
import { allowed, roundsOnce, unitOf } from '../expected/allowed.ts';
import { describeTolerance, float32Error, leastRelativeBound, NO_TERMS, toleranceOf } from '../expected/bounds.ts';
import { compareResult, type Expected } from '../expected/compare-result.ts';
import { elementAt, exactForward, rstdOfSum } from '../expected/exact-forward.ts';
import { featureOf, type Normalization, rowOf, rowsShape } from '../expected/normalization.ts';
import type { Distribution } from '../inputs/distributions.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { type ForwardSpec, inputsOf, termsOf } from './forward-spec.ts';
import { float32Elements, normInputs, weightTensors } from './operands.ts';
import type { OperationModel } from './operation-model.ts';

export const SUM_SQUARES: OperationModel<ForwardSpec> = {
  op: 'sumSquares',
  prepare(spec, random) {
    const inputs = inputsOf({ ...spec, gamma: null, beta: null }, random);
    const { shape, options, x } = inputs;
    const { normalization } = inputs.operands;
    return {
      inputs: { x: { content: x, shape } },
      outputs: { sums: { dtype: 'float32', shape: rowsShape(normalization), made: 'always' } },
      call: ({ x }) => ({ sums: sumSquares(x!, options) }),
      compare({ sums }, { accuracy, observe }) {
        const exact = exactSums(normalization, x.values);
        compareResult(sums!, {
          what: 'sums',
          shape: rowsShape(normalization),
          expected: (row) => expectSum(exact[row]!, normalization.size, accuracy),
          bound: `${describeTolerance(toleranceOf(accuracy, NO_TERMS), 'float32')} between size * 2^-98 and 2^126`,
          lookAt: spec.lookAt,
          dtype: 'float32',
          suspects: [
            {
              cause: 'the mean of the squares, not their sum',
              values: () => exact.map((sum) => sum / normalization.size),
            },
            { cause: 'the norm, the root of the sum', values: () => exact.map(Math.sqrt) },
            {
              cause: 'the sum of x, not of its squares',
              values: () => sumsOf(normalization, x.values, (value) => value),
            },
          ],
          observe,
        });
      },
    };
  },
};

/** The sums of squares of all rows in float64. */
function exactSums(normalization: Normalization, x: ArrayLike<number>): Float64Array {
  return sumsOf(normalization, x, (value) => value * value);
}

function sumsOf(normalization: Normalization, x: ArrayLike<number>, term: (value: number) => number): Float64Array {
  const { outer, groups, inner } = normalization;
  const sums = new Float64Array(outer * groups * inner);
  for (let flat = 0; flat < x.length; flat++) sums[rowOf(normalization, flat)]! += term(x[flat]!);
  return sums;
}

/**
 * As accurate as forward while the total lies in [size * 2^-98, 2^126]. Below that, anything from 0 to the total, whose
 * squares may be rounded to multiples of 2^-149; above it, anything from 2^126 to infinity.
 */
function expectSum(exact: number, size: number, accuracy: Accuracy): Expected {
  if (Number.isNaN(exact)) return { exact, low: exact, high: exact };
  const error = float32Error(toleranceOf(accuracy, NO_TERMS), exact);
  if (exact < size * 2 ** -98) return { exact, low: 0, high: exact + error + Math.max(2 ** -149, size * 2 ** -150) };
  if (exact > 2 ** 126) return { exact, low: 2 ** 126 - error, high: Number.POSITIVE_INFINITY };
  return { exact, low: exact - error, high: exact + error, unit: ulp(FORMATS.float32, exact) };
}

export interface ScaleBySpec extends ForwardSpec {
  /** How many features the other shards have together; none unless given. */
  readonly others?: number;
  /** The sums of squares, one for each row; unless given, up to twice what the row and its other shards would have. */
  readonly sums?: Distribution;
}

export const SCALE_BY: OperationModel<ScaleBySpec> = {
  op: 'scaleBy',
  prepare(spec, random) {
    const inputs = inputsOf(spec, random);
    const { shape, options, x } = inputs;
    const { size } = inputs.operands.normalization;
    const { dtype } = x;
    const count = size + (spec.others ?? 0);
    // A scale that is given multiplies x / norm2 of the whole; the default gives rows of RMS 1.
    const alpha = options.scale === undefined ? 1 : options.scale / Math.sqrt(count);
    const normalization = { ...inputs.operands.normalization, alpha };
    const operands = { ...inputs.operands, normalization };
    const own = exactSums(normalization, x.values);
    const drawn = spec.sums?.(random, own.length) ?? own.map((sum) => (sum * count * (1 + random.uniform())) / size);
    const sums = Float32Array.from(drawn);
    return {
      inputs: { ...normInputs(inputs), sums: { content: float32Elements(sums), shape: rowsShape(normalization) } },
      outputs: { y: { dtype, shape } },
      call: ({ x, sums, ...rest }, { y }) => ({
        y: scaleBy(x!, sums!, count, { ...options, ...weightTensors(rest), ...(y && { out: y }) }),
      }),
      compare({ y }, { accuracy, stale, observe }) {
        const tolerance = toleranceOf(accuracy, termsOf(inputs));
        const rstd = Float64Array.from(sums, (sum) => rstdOfSum(normalization, sum, count));
        const { casting } = normalization;
        compareResult(y!, {
          what: 'y',
          shape,
          expected(flat) {
            const element = elementAt(operands, rstd, flat);
            const interval = allowed(element, dtype, casting, tolerance);
            return interval && { exact: element.y, ...interval, unit: unitOf(element, dtype, casting) };
          },
          quick: roundsOnce(casting, dtype)
            ? { dtype, exact: exactForward(operands, rstd), relative: leastRelativeBound(tolerance, operands.beta) }
            : undefined,
          bound: describeTolerance(tolerance, dtype),
          about: (flat) =>
            `x = ${x.values[flat]}, sum = ${sums[rowOf(normalization, flat)]} over ${count} features, ` +
            `feature ${featureOf(normalization, flat)}`,
          stale,
          lookAt: spec.lookAt,
          observe,
        });
      },
    };
  },
};
