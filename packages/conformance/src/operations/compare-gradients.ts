import type { Accuracy } from '@rmsnorm/core';
import { roundedTo } from '../expected/allowed.ts';
import { LOOSE_RELATIVE } from '../expected/bounds.ts';
import { compareResult, type Expected } from '../expected/compare-result.ts';
import { type BackwardOperands, type ExactGradients, exactGradients } from '../expected/exact-backward.ts';
import { featureOf, rowOf } from '../expected/normalization.ts';
import { FORMATS } from '../inputs/formats.ts';
import type { Judgement, Results } from './operation-model.ts';
import { dgammaSuspects, dxSuspects } from './suspects.ts';

const HALF_ULP = 2 ** -24;
const DX_RELATIVE = 16 * HALF_ULP;
const MIN_NORMAL = FORMATS.float32.minNormal;

/**
 * The error of dx before its rounding: 16 * 2^-24 of |g r| + |x| r^3 mean|g x| / alpha^2, where the mean is the row's
 * sum over statSize; 'loose' 1e-5 of it. A dsum is added in float32: half an ulp of the sum more. What is below the
 * normal range of float32 may be flushed.
 */
export function dxError(accuracy: Accuracy, scale: number, total: number, dsum: number | null): number {
  const relative = accuracy === 'loose' ? LOOSE_RELATIVE : DX_RELATIVE;
  const added = dsum === null ? 0 : HALF_ULP * (Math.abs(total) + relative * scale);
  return relative * scale + added + MIN_NORMAL;
}

/** The error of a sum over rows: 1e-6 of the sum of its terms' magnitudes, 'loose' 1e-5; what is tiny may be flushed. */
export function sumError(accuracy: Accuracy, terms: number, rows: number): number {
  return (accuracy === 'loose' ? LOOSE_RELATIVE : 1e-6) * terms + rows * MIN_NORMAL;
}

interface GradientCheck {
  readonly shape: readonly number[];
  readonly lookAt: string | undefined;
}

/** Holds dx, and dgamma and dbeta where there are any, against the gradients in float64. */
export function compareGradients(
  { dx, dgamma, dbeta }: Results,
  operands: BackwardOperands,
  check: GradientCheck,
  judgement: Judgement,
): void {
  const exact = exactGradients(operands);
  const open = openPlaces(operands);
  compareDx(dx!, operands, { ...check, exact, openRows: open.rows }, judgement);
  if (dgamma) {
    const unsettled = (feature: number): boolean => open.features.has(feature) || exact.overflowing.has(feature);
    const sum = { what: 'dgamma', exact: exact.dgamma, terms: exact.dgammaTerms, isOpen: unsettled };
    compareSum(dgamma, sum, operands, check, judgement);
  }
  if (dbeta) {
    const sum = { what: 'dbeta', exact: exact.dbeta, terms: exact.dbetaTerms, isOpen: () => false };
    compareSum(dbeta, sum, operands, check, judgement);
  }
}

function compareDx(
  got: ArrayLike<number>,
  operands: BackwardOperands,
  {
    shape,
    lookAt,
    exact,
    openRows,
  }: GradientCheck & { readonly exact: ExactGradients; readonly openRows: ReadonlySet<number> },
  { accuracy, stale, observe }: Judgement,
): void {
  const { normalization, dtype, x, dy, dsum } = operands;
  compareResult(got, {
    what: 'dx',
    dtype,
    suspects: dxSuspects(operands),
    shape,
    expected(flat) {
      const value = exact.dx[flat]!;
      if (openRows.has(rowOf(normalization, flat)) && !Number.isNaN(dy[flat]!)) return null;
      if (!Number.isFinite(value)) return exactly(value);
      const added = dsum ? dsum[flat]! : null;
      const scale = exact.dxScale[flat]!;
      const error = dxError(accuracy, scale, value, added) + exact.dxLost[flat]!;
      const interval = { low: value - error, high: value + error };
      const normal = Math.min(Math.abs(value), scale) >= MIN_NORMAL && scale <= FORMATS.float32.max;
      const unit = normal && added === null ? HALF_ULP * scale : undefined;
      return { exact: value, ...roundedTo(dtype, interval, scale, { accuracy }), unit };
    },
    // Without a dsum, |dx| is at most what its bound refers to.
    quick: dsum ? undefined : { dtype, exact: exact.dx, relative: DX_RELATIVE },
    bound:
      accuracy === 'loose'
        ? '1e-5 of |g r| + |x| r^3 mean|g x| / alpha^2'
        : '16 * 2^-24 * (|g r| + |x| r^3 mean|g x| / alpha^2), then one rounding',
    about: (flat) =>
      `x = ${x[flat]}, dy = ${dy[flat]}, row ${rowOf(normalization, flat)}, feature ${featureOf(normalization, flat)}`,
    stale,
    lookAt,
    observe,
  });
}

/** dgamma or dbeta: for every feature the sum of a term of each row. */
interface ExactSum {
  readonly what: string;
  readonly exact: ArrayLike<number>;
  /** The sums of the terms' magnitudes. */
  readonly terms: ArrayLike<number>;
  readonly isOpen: (feature: number) => boolean;
}

function compareSum(
  got: ArrayLike<number>,
  { what, exact, terms, isOpen }: ExactSum,
  operands: BackwardOperands,
  { lookAt }: GradientCheck,
  { accuracy, observe }: Judgement,
): void {
  const { normalization, gamma } = operands;
  const rows = normalization.outer * normalization.inner;
  compareResult(got, {
    what,
    dtype: 'float32',
    suspects: what === 'dgamma' ? dgammaSuspects(operands) : [],
    shape: [exact.length],
    expected(feature) {
      const value = exact[feature]!;
      // An infinite term makes a compensated sum NaN.
      if (isOpen(feature) || Math.abs(value) === Number.POSITIVE_INFINITY) return null;
      if (Number.isNaN(value)) return exactly(value);
      const error = sumError(accuracy, terms[feature]!, rows);
      const interval = { low: value - error, high: value + error };
      const unit = Math.abs(value) >= MIN_NORMAL ? HALF_ULP * terms[feature]! : undefined;
      return { exact: value, ...roundedTo('float32', interval, value, { accuracy: 'ieee' }), unit };
    },
    bound: `${accuracy === 'loose' ? '1e-5' : '1e-6'} of the sum of |terms| over ${rows} rows`,
    about: (feature) => `feature ${feature}, gamma = ${gamma?.[feature]}`,
    lookAt,
    observe,
  });
}

function exactly(value: number): Expected {
  return { exact: value, low: value, high: value };
}

/**
 * Rows whose dx the contract leaves open where dy is not NaN: those with an infinity, or with a NaN outside the statistic.
 * And features whose dgamma such an x is part of.
 */
function openPlaces({ normalization, x, dy }: BackwardOperands): { rows: Set<number>; features: Set<number> } {
  const rows = new Set<number>();
  const features = new Set<number>();
  const { size, statSize } = normalization;
  for (let flat = 0; flat < x.length; flat++) {
    if (Number.isFinite(x[flat]!) && Number.isFinite(dy[flat]!)) continue;
    const feature = featureOf(normalization, flat);
    const inStatistic = feature % size < statSize;
    if (Number.isNaN(x[flat]!) && inStatistic) continue;
    rows.add(rowOf(normalization, flat));
    if (Number.isFinite(x[flat]!)) continue;
    const group = Math.floor(feature / size);
    for (let i = 0; i < size; i++) features.add(group * size + i);
  }
  return { rows, features };
}
