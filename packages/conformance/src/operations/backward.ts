import { type Accuracy, type FloatDType, rmsNormBackward } from '@rmsnorm/core';
import { compareResult, type Expected, type Observe } from '../expected/compare-result.ts';
import { type BackwardOperands, exactGradients } from '../expected/exact-backward.ts';
import { exactRstd } from '../expected/exact-forward.ts';
import { type Distribution, elements, normal } from '../inputs/distributions.ts';
import { FORMATS } from '../inputs/formats.ts';
import { featureOf, roundedTo, rowOf } from './expected-forward.ts';
import { type ForwardSpec, inputsOf, rstdShape } from './forward-spec.ts';
import { type Operation, type Prepared, requirementsFor } from './operation-model.ts';
import { float32Elements, normOperands, weightTensors } from './weights.ts';

/** `rstd: true` gives the statistic, as forward would have written it, instead of having it recomputed. */
export interface BackwardSpec extends ForwardSpec {
  /** Standard normal unless given. */
  readonly dy?: Distribution;
  /** None unless given; `true` for standard normal numbers. */
  readonly dsum?: Distribution | true | null;
  /** Multiplies the rstd that is given, to see that it is what counts. */
  readonly rstdFactor?: number;
}

export const BACKWARD: Operation<BackwardSpec> = {
  op: 'backward',
  requires: (spec) => requirementsFor('backward', spec),
  prepare(spec, random): Prepared {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, gamma, beta } = inputs;
    const { dtype } = x;
    const keep = spec.subnormals ? 'subnormal' : 'normal';
    const dy = elements(dtype, (spec.dy ?? normal())(random, x.data.length), keep);
    const drawn = spec.dsum === true ? normal() : (spec.dsum ?? null);
    const dsum = drawn && elements(dtype, drawn(random, x.data.length), keep);
    const rstd = spec.rstd
      ? Float32Array.from(exactRstd(inputs.operands), (value) => value * (spec.rstdFactor ?? 1))
      : null;
    const operands = { ...inputs.operands, dy: dy.values, rstd, dsum: dsum?.values ?? null };
    return {
      inputs: {
        ...normOperands(inputs),
        dy: { content: dy, shape },
        ...(rstd && { rstd: { content: float32Elements(rstd), shape: rstdShape(inputs) } }),
        ...(dsum && { dsum: { content: dsum, shape } }),
      },
      outputs: {
        dx: { dtype, shape, inPlace: ['x', 'dy'] },
        ...(gamma && { dgamma: { dtype: 'float32', shape: [gamma.length], made: 'always' } }),
        ...(beta && { dbeta: { dtype: 'float32', shape: [beta.length], made: 'always' } }),
      },
      call({ x, dy, rstd, dsum, ...rest }, out) {
        const given = { ...(rstd && { rstd }), ...(dsum && { dsum }), out };
        const { dx, dgamma, dbeta } = rmsNormBackward(x!, dy!, { ...options, ...weightTensors(rest), ...given });
        return { dx, ...(dgamma && { dgamma }), ...(dbeta && { dbeta }) };
      },
      compare: (results, accuracy, stale, observe) =>
        compareGradients(results, operands, { shape, accuracy, stale, observe, spec }),
    };
  },
};

interface GradientCheck {
  readonly shape: readonly number[];
  readonly accuracy: Accuracy;
  readonly stale?: number | undefined;
  readonly observe?: Observe | undefined;
  readonly spec: BackwardSpec;
}

const HALF_ULP = 2 ** -24;
const LOOSE_RELATIVE = 1e-5;
const MIN_NORMAL = FORMATS.float32.minNormal;

/**
 * The error of dx before its rounding: 16 * 2^-24 of |g r| + |x| r^3 mean|g x| / alpha^2, where the mean is the row's
 * sum over statSize; 'loose' 1e-5 of it. A dsum is added in float32: half an ulp of the sum more. What is below the
 * normal range of float32 may be flushed.
 */
export function dxError(accuracy: Accuracy, scale: number, total: number, dsum: number | null): number {
  const relative = accuracy === 'loose' ? LOOSE_RELATIVE : 16 * HALF_ULP;
  const added = dsum === null ? 0 : HALF_ULP * (Math.abs(total) + relative * scale);
  return relative * scale + added + MIN_NORMAL;
}

/** The error of a sum over rows: 1e-6 of the sum of its terms' magnitudes, 'loose' 1e-5; what is tiny may be flushed. */
export function sumError(accuracy: Accuracy, terms: number, rows: number): number {
  return (accuracy === 'loose' ? LOOSE_RELATIVE : 1e-6) * terms + rows * MIN_NORMAL;
}

function compareGradients(
  { dx, dgamma, dbeta }: Readonly<Record<string, ArrayLike<number>>>,
  operands: BackwardOperands,
  { shape, accuracy, stale, observe, spec: { lookAt } }: GradientCheck,
): void {
  const { arrangement, x, dy, gamma, dsum } = operands;
  const { outer, inner } = arrangement;
  const dtype: FloatDType = operands.dtype;
  const exact = exactGradients(operands);
  const open = openPlaces(operands);
  compareResult(dx!, {
    what: 'dx',
    shape,
    expected: (flat) => {
      const value = exact.dx[flat]!;
      if (open?.rows.has(rowOf(arrangement, flat)) && !Number.isNaN(dy[flat]!)) return null;
      if (!Number.isFinite(value)) return point(value);
      const added = dsum ? dsum[flat]! : null;
      const scale = exact.dxScale[flat]!;
      const error = dxError(accuracy, scale, value, added);
      const interval = { low: value - error, high: value + error };
      const normal = Math.min(Math.abs(value), scale) >= MIN_NORMAL && scale <= FORMATS.float32.max;
      const unit = normal && added === null ? HALF_ULP * scale : undefined;
      return { exact: value, ...roundedTo(dtype, interval, scale, { accuracy, ulps: 0 }), unit };
    },
    bound:
      accuracy === 'loose'
        ? '1e-5 of |g r| + |x| r^3 mean|g x| / alpha^2'
        : '16 * 2^-24 * (|g r| + |x| r^3 mean|g x| / alpha^2), then one rounding',
    about: (flat) =>
      `x = ${x[flat]}, dy = ${dy[flat]}, row ${rowOf(arrangement, flat)}, feature ${featureOf(arrangement, flat)}`,
    stale,
    lookAt,
    observe,
  });
  const sums = [
    { what: 'dgamma', got: dgamma, values: exact.dgamma, terms: exact.dgammaTerms },
    { what: 'dbeta', got: dbeta, values: exact.dbeta, terms: exact.dbetaTerms },
  ];
  for (const { what, got, values, terms } of sums) {
    if (!got) continue;
    compareResult(got, {
      what,
      shape: [values.length],
      expected: (feature) => {
        const value = values[feature]!;
        if (what === 'dgamma' && (open?.features.has(feature) || exact.overflowing.has(feature))) return null;
        // An infinite term makes a compensated sum NaN.
        if (Math.abs(value) === Number.POSITIVE_INFINITY) return null;
        if (Number.isNaN(value)) return point(value);
        const error = sumError(accuracy, terms[feature]!, outer * inner);
        const interval = { low: value - error, high: value + error };
        const unit = Math.abs(value) >= MIN_NORMAL ? HALF_ULP * terms[feature]! : undefined;
        return { exact: value, ...roundedTo('float32', interval, value, IEEE), unit };
      },
      bound: `${accuracy === 'loose' ? '1e-5' : '1e-6'} of the sum of |terms| over ${outer * inner} rows`,
      about: (feature) => `feature ${feature}, gamma = ${gamma?.[feature]}`,
      lookAt,
      observe,
    });
  }
}

const IEEE = { accuracy: 'ieee', ulps: 0 } as const;

function point(value: number): Expected {
  return { exact: value, low: value, high: value };
}

/**
 * Rows whose dx the contract leaves open, but where dy is NaN: they hold an infinity, or a NaN outside the statistic. And
 * the features whose dgamma such an x enters. Null where all is finite.
 */
function openPlaces({ arrangement, x, dy }: BackwardOperands): { rows: Set<number>; features: Set<number> } | null {
  const rows = new Set<number>();
  const features = new Set<number>();
  const { size, statSize } = arrangement;
  for (let flat = 0; flat < x.length; flat++) {
    if (Number.isFinite(x[flat]!) && Number.isFinite(dy[flat]!)) continue;
    const feature = featureOf(arrangement, flat);
    const inStatistic = feature % size < statSize;
    if (Number.isNaN(x[flat]!) && inStatistic) continue;
    rows.add(rowOf(arrangement, flat));
    if (Number.isFinite(x[flat]!)) continue;
    const group = Math.floor(feature / size);
    for (let i = 0; i < size; i++) features.add(group * size + i);
  }
  return rows.size > 0 ? { rows, features } : null;
}
