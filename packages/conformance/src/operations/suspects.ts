import { type BackwardOperands, exactGradients } from '../expected/exact-backward.ts';
import { exactForward, exactRstd, type ForwardOperands } from '../expected/exact-forward.ts';
import { featureOf, type Normalization } from '../expected/normalization.ts';
import type { Suspect } from '../expected/suspects.ts';

/** What dx is with each of the mistakes that implementations of backward make. */
export function dxSuspects(operands: BackwardOperands): readonly Suspect[] {
  const { gamma, dsum, rstd, normalization } = operands;
  const dxOf = (fields: Partial<BackwardOperands>): Float64Array => exactGradients({ ...operands, ...fields }).dx;
  return [
    { cause: 'gamma left out', values: () => gamma && dxOf({ gamma: null }) },
    { cause: 'dsum left out', values: () => dsum && dxOf({ dsum: null }) },
    {
      cause: 'the weightOffset left out',
      values: () => (normalization.weightOffset === 0 ? null : dxOf(changed(normalization, { weightOffset: 0 }))),
    },
    { cause: 'r taken for a constant: dx = g r', values: () => withMiddle(operands, 0) },
    { cause: 'the term of the statistic added, not subtracted', values: () => withMiddle(operands, -1) },
    {
      cause: 'the mean of g x over all of a row, where the statistic has a part of it',
      values: () =>
        normalization.statSize === normalization.size
          ? null
          : dxOf({ ...changed(normalization, { statSize: normalization.size }), rstd: rstd ?? exactRstd(operands) }),
    },
    { cause: 'the given rstd not used', values: () => rstd && dxOf({ rstd: null }) },
  ];
}

/** What dgamma is with each of the mistakes that implementations of backward make. */
export function dgammaSuspects(operands: BackwardOperands): readonly Suspect[] {
  const { x, dy, normalization } = operands;
  const sums = (term: (flat: number) => number): Float64Array => {
    const total = new Float64Array(normalization.groups * normalization.size);
    for (let flat = 0; flat < x.length; flat++) total[featureOf(normalization, flat)]! += term(flat);
    return total;
  };
  return [
    { cause: 'x that is not normalized: the sum of dy * x', values: () => sums((flat) => dy[flat]! * x[flat]!) },
    { cause: 'dbeta in its place', values: () => sums((flat) => dy[flat]!) },
    { cause: 'dy times gamma: the sum of g * x * r', values: () => weighted(operands) },
    {
      cause: 'the first row alone, not the sum over rows',
      values: () => firstRow(operands),
    },
  ];
}

/** What y of gatedForward is with each of the mistakes that implementations make. */
export function gatedSuspects(
  operands: ForwardOperands,
  {
    gate,
    ungated,
    normBeforeGate,
  }: {
    readonly gate: ArrayLike<number>;
    readonly ungated: ArrayLike<number>;
    readonly normBeforeGate: boolean;
  },
): readonly Suspect[] {
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const gated = (first: boolean, activation: (z: number) => number): Float64Array => {
    const factors = Array.from(gate, activation);
    const plain = { ...operands, x: ungated };
    if (first) return forward({ ...operands, x: factors.map((factor, i) => factor * ungated[i]!) });
    return forward(plain).map((value, i) => value * factors[i]!);
  };
  return [
    {
      cause: normBeforeGate ? 'the gate before the norm' : 'the norm before the gate',
      values: () => gated(normBeforeGate, (z) => z * sigmoid(z)),
    },
    { cause: 'sigmoid(gate) in place of silu(gate)', values: () => gated(!normBeforeGate, sigmoid) },
    { cause: 'the gate as it is, without silu', values: () => gated(!normBeforeGate, (z) => z) },
    { cause: 'the gate left out', values: () => forward({ ...operands, x: ungated }) },
  ];
}

function forward(operands: ForwardOperands): Float64Array {
  return exactForward(operands, exactRstd(operands));
}

function changed(
  normalization: Normalization,
  fields: Partial<Normalization>,
): { readonly normalization: Normalization } {
  return { normalization: { ...normalization, ...fields } };
}

/** dx with the term of the statistic, which is subtracted, multiplied by `factor`. */
function withMiddle(operands: BackwardOperands, factor: number): Float64Array {
  const { normalization, dy, dsum, gamma } = operands;
  const { alpha, weightOffset, size, inner } = normalization;
  const rstd = operands.rstd ?? exactRstd(operands);
  const { dx } = exactGradients(operands);
  return dx.map((value, flat) => {
    const row = Math.floor(flat / (size * inner)) * inner + (flat % inner);
    const weight = gamma ? weightOffset + gamma[featureOf(normalization, flat)]! : 1;
    const direct = dy[flat]! * weight * alpha * rstd[row]!;
    const added = dsum ? dsum[flat]! : 0;
    return direct + added + factor * (value - direct - added);
  });
}

function weighted(operands: BackwardOperands): Float64Array | null {
  const { gamma, normalization } = operands;
  if (!gamma) return null;
  const { dgamma } = exactGradients(operands);
  return dgamma.map((value, feature) => value * (normalization.weightOffset + gamma[feature]!));
}

function firstRow(operands: BackwardOperands): Float64Array | null {
  const { normalization, x, dy } = operands;
  const { outer, groups, size, inner } = normalization;
  if (outer * inner < 2 || inner > 1) return null;
  const count = groups * size;
  const first = (values: ArrayLike<number>): number[] => Array.from({ length: count }, (_, i) => values[i]!);
  return exactGradients({
    ...operands,
    x: first(x),
    dy: first(dy),
    dsum: null,
    rstd: operands.rstd && Array.from({ length: groups }, (_, i) => operands.rstd![i]!),
    normalization: { ...normalization, outer: 1 },
  }).dgamma;
}
