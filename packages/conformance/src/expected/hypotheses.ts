import { exactForward, exactRstd, type ForwardOperands } from './exact-forward.ts';
import type { Normalization } from './normalization.ts';
import type { Suspect } from './suspects.ts';

/** A mistake that implementations make, and what comes out of it. */
interface Hypothesis {
  readonly cause: string;
  /** Null where it changes nothing. */
  readonly y: (operands: ForwardOperands) => Float64Array | null;
}

const HYPOTHESES: readonly Hypothesis[] = [
  { cause: 'gamma left out', y: (o) => (o.gamma ? forward({ ...o, gamma: null }) : null) },
  { cause: 'beta left out', y: (o) => (o.beta ? forward({ ...o, beta: null }) : null) },
  {
    cause: 'the weightOffset left out',
    y: ({ normalization: n, ...o }) => changed(o, n, n.weightOffset, { weightOffset: 0 }),
  },
  { cause: 'eps left out', y: ({ normalization: n, ...o }) => changed(o, n, n.eps, { eps: 0 }) },
  {
    cause: 'the option scale (alpha) left out',
    y: ({ normalization: n, ...o }) => changed(o, n, n.alpha - 1, { alpha: 1 }),
  },
  {
    cause: 'every feature in the statistic, though partial is below 1',
    y: ({ normalization: n, ...o }) => changed(o, n, n.size - n.statSize, { statSize: n.size }),
  },
  {
    cause: 'the sum of the first statSize squares divided by size',
    y: (o) => withStatistic(o, (sum, n) => (n.statSize < n.size ? inverseRoot(sum / n.size + n.eps) : null)),
  },
  {
    cause: 'eps added outside of the root',
    y: (o) => withStatistic(o, (sum, n) => (isAdd(n) ? 1 / (Math.sqrt(sum / n.statSize) + n.eps) : null)),
  },
  {
    cause: 'eps added to the sum of squares, before it is divided',
    y: (o) => withStatistic(o, (sum, n) => (isAdd(n) ? inverseRoot((sum + n.eps) / n.statSize) : null)),
  },
  {
    cause: "epsMode 'clamp' where it is 'add'",
    y: ({ normalization: n, ...o }) => changed(o, n, isAdd(n), { epsMode: 'clamp' }),
  },
  {
    cause: "epsMode 'add' where it is 'clamp'",
    y: ({ normalization: n, ...o }) => changed(o, n, !isAdd(n), { epsMode: 'add' }),
  },
  {
    cause: 'a factor of size ** -0.5 where a unit RMS needs size ** 0.5',
    y: ({ normalization: n, ...o }) => changed(o, n, n.size - 1, { alpha: n.alpha / n.size }),
  },
  {
    cause: 'the sum of squares in place of their mean',
    y: (o) => withStatistic(o, (sum, n) => (n.statSize > 1 ? inverseRoot(sum + n.eps) : null)),
  },
  { cause: 'no root taken', y: (o) => withStatistic(o, (sum, n) => 1 / (sum / n.statSize + n.eps)) },
  { cause: 'x times gamma, not normalized', y: (o) => withStatistic(o, (_, n) => 1 / n.alpha) },
  { cause: 'the mean subtracted, as LayerNorm does', y: centred },
  {
    cause: 'one statistic for all groups',
    y: ({ normalization: n, ...o }) =>
      changed(o, n, n.groups - 1, { groups: 1, size: n.size * n.groups, statSize: n.statSize * n.groups }),
  },
  { cause: 'the gamma of the first group in every group', y: (o) => firstGroupsGamma(o) },
  {
    cause: 'rows that lie one behind another, though inner is above 1',
    y: ({ normalization: n, ...o }) => changed(o, n, n.inner - 1, { outer: n.outer * n.inner, inner: 1 }),
  },
];

/** What forward gives with each of the mistakes that implementations make. */
export function forwardSuspects(operands: ForwardOperands): readonly Suspect[] {
  return HYPOTHESES.map(({ cause, y }) => ({ cause, values: () => y(operands) }));
}

function forward(operands: ForwardOperands): Float64Array {
  return exactForward(operands, exactRstd(operands));
}

/** Forward with other fields of the normalization; null where `differs` says that they are the same. */
function changed(
  operands: Omit<ForwardOperands, 'normalization'>,
  normalization: Normalization,
  differs: number | boolean,
  fields: Partial<Normalization>,
): Float64Array | null {
  if (!differs) return null;
  return forward({ ...operands, normalization: { ...normalization, ...fields } });
}

/** Forward with another r / alpha of each row; null where `rstdOf` is. */
function withStatistic(
  operands: ForwardOperands,
  rstdOf: (sum: number, normalization: Normalization) => number | null,
): Float64Array | null {
  const { normalization, x } = operands;
  const { outer, groups, size, inner, statSize } = normalization;
  const rstd = new Float64Array(outer * groups * inner);
  for (let row = 0; row < rstd.length; row++) {
    const first = Math.floor(row / inner) * size * inner + (row % inner);
    let sum = 0;
    for (let i = 0; i < statSize; i++) sum += x[first + i * inner]! ** 2;
    const value = rstdOf(sum, normalization);
    if (value === null) return null;
    rstd[row] = value;
  }
  return exactForward(operands, rstd);
}

/** Forward on x less the mean of its row. */
function centred(operands: ForwardOperands): Float64Array {
  const { normalization, x } = operands;
  const { outer, groups, size, inner } = normalization;
  const moved = Float64Array.from(x);
  for (let row = 0; row < outer * groups * inner; row++) {
    const first = Math.floor(row / inner) * size * inner + (row % inner);
    let mean = 0;
    for (let i = 0; i < size; i++) mean += x[first + i * inner]! / size;
    for (let i = 0; i < size; i++) moved[first + i * inner]! -= mean;
  }
  return forward({ ...operands, x: moved });
}

function firstGroupsGamma(operands: ForwardOperands): Float64Array | null {
  const { gamma, normalization } = operands;
  const { groups, size } = normalization;
  if (!gamma || groups === 1) return null;
  return forward({ ...operands, gamma: Float64Array.from(gamma, (_, i) => gamma[i % size]!) });
}

function inverseRoot(value: number): number {
  return 1 / Math.sqrt(value);
}

function isAdd({ epsMode }: Normalization): boolean {
  return epsMode === 'add';
}
