import { type Accuracy, scaleBy, sumSquares } from '@rmsnorm/core';
import { describeTolerance, float32Error, toleranceOf } from '../expected/bounds.ts';
import { compareResult, type Expected } from '../expected/compare-result.ts';
import type { Arrangement } from '../expected/normalization.ts';
import type { Distribution } from '../inputs/distributions.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { expectForward, featureOf, rowOf } from './expected-forward.ts';
import { type ForwardSpec, inputsOf, rstdShape } from './forward-spec.ts';
import { type Operation, type Prepared, requirementsFor } from './operation-model.ts';
import { float32Elements, normOperands, weightTensors } from './weights.ts';

const NO_TERMS = { weightOffset: false, beta: false };

export const SUM_SQUARES: Operation<ForwardSpec> = {
  op: 'sumSquares',
  requires: (spec) => requirementsFor('sumSquares', spec),
  prepare(spec, random): Prepared {
    const inputs = inputsOf({ ...spec, gamma: null, beta: null }, random);
    const { shape, options, x, operands } = inputs;
    const exact = exactSums(operands.arrangement, x.values);
    return {
      inputs: { x: { content: x, shape } },
      outputs: { sums: { dtype: 'float32', shape: rstdShape(inputs), made: 'always' } },
      call: ({ x }) => ({ sums: sumSquares(x!, options) }),
      compare({ sums }, accuracy, _stale, observe) {
        compareResult(sums!, {
          what: 'sums',
          shape: rstdShape(inputs),
          expected: (row) => expectSum(exact[row]!, operands.arrangement.size, accuracy),
          bound: `${describeTolerance(toleranceOf(accuracy, NO_TERMS), 'float32')} between size * 2^-98 and 2^126`,
          lookAt: spec.lookAt,
          observe,
        });
      },
    };
  },
};

/** The sums of squares of all rows in float64. */
function exactSums(arrangement: Arrangement, x: ArrayLike<number>): Float64Array {
  const { outer, groups, inner } = arrangement;
  const sums = new Float64Array(outer * groups * inner);
  for (let flat = 0; flat < x.length; flat++) sums[rowOf(arrangement, flat)]! += x[flat]! ** 2;
  return sums;
}

/**
 * As accurate as forward while the total lies in [size * 2^-98, 2^126]. Beyond, what the total should have been, 0 and
 * infinity are all the same: no more than the total below, no less than 2^126 above.
 */
function expectSum(exact: number, size: number, accuracy: Accuracy): Expected {
  if (Number.isNaN(exact)) return { exact, low: exact, high: exact };
  const error = float32Error(toleranceOf(accuracy, NO_TERMS), exact);
  if (exact < size * 2 ** -98) return { exact, low: 0, high: exact + error };
  if (exact > 2 ** 126) return { exact, low: 2 ** 126 - error, high: Number.POSITIVE_INFINITY };
  return { exact, low: exact - error, high: exact + error, unit: ulp(FORMATS.float32, exact) };
}

export interface ScaleBySpec extends ForwardSpec {
  /** How many features the other shards have together; none unless given. */
  readonly others?: number;
  /** The sums of squares, one for each row; unless given, up to twice what the row and its other shards would have. */
  readonly sums?: Distribution;
}

export const SCALE_BY: Operation<ScaleBySpec> = {
  op: 'scaleBy',
  requires: (spec) => requirementsFor('scaleBy', spec),
  prepare(spec, random): Prepared {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, beta, operands } = inputs;
    const { size } = operands.arrangement;
    const count = size + (spec.others ?? 0);
    // An own scale multiplies x / norm2 of the whole; the default gives rows of RMS 1.
    const alpha = options.scale === undefined ? 1 : options.scale / Math.sqrt(count);
    const arrangement = { ...operands.arrangement, alpha };
    const own = exactSums(arrangement, x.values);
    const drawn = spec.sums?.(random, own.length) ?? own.map((sum) => (sum * count * (1 + random.uniform())) / size);
    const sums = Float32Array.from(drawn);
    const rstd = Float64Array.from(sums, (sum) => rstdOfSum(arrangement, sum, count));
    return {
      inputs: { ...normOperands(inputs), sums: { content: float32Elements(sums), shape: rstdShape(inputs) } },
      outputs: { y: { dtype: x.dtype, shape, inPlace: ['x'] } },
      call: ({ x, sums, ...rest }, { y }) => ({
        y: scaleBy(x!, sums!, count, { ...options, ...weightTensors(rest), ...(y && { out: y }) }),
      }),
      compare({ y }, accuracy, stale, observe) {
        const terms = { weightOffset: (options.weightOffset ?? 0) !== 0, beta: beta !== null };
        const tolerance = toleranceOf(accuracy, terms);
        compareResult(y!, {
          what: 'y',
          shape,
          expected: expectForward({ ...operands, arrangement }, rstd, tolerance),
          bound: describeTolerance(tolerance, x.dtype),
          about: (flat) =>
            `x = ${x.values[flat]}, sum = ${sums[rowOf(arrangement, flat)]} over ${count} features, ` +
            `feature ${featureOf(arrangement, flat)}`,
          stale,
          lookAt: spec.lookAt,
          observe,
        });
      },
    };
  },
};

/** r / alpha from a sum of squares over `count` features, in float64. */
function rstdOfSum({ eps, epsMode }: Arrangement, sum: number, count: number): number {
  return epsMode === 'clamp' ? Math.sqrt(count) / Math.max(Math.sqrt(sum), eps) : 1 / Math.sqrt(sum / count + eps);
}
