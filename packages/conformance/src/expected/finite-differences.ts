import { exactForward, exactRstd, type ForwardOperands } from './exact-forward.ts';

export interface Differentiated extends ForwardOperands {
  readonly dy: ArrayLike<number>;
  readonly dsum: ArrayLike<number> | null;
}

/** Slopes of the loss, by the names of backward's results. */
export interface Slopes {
  readonly dx: Float64Array;
  readonly dgamma?: Float64Array;
  readonly dbeta?: Float64Array;
}

/**
 * The gradients of sum(dy * y) + sum(dsum * x) as central differences of forward in float64, without rounding to any
 * dtype. Two steps of h and h / 2, extrapolated: the error is of the order of h^4.
 */
export function differences({ dy, dsum, ...operands }: Differentiated): Slopes {
  const x = Float64Array.from(operands.x);
  const gamma = operands.gamma && Float64Array.from(operands.gamma);
  const beta = operands.beta && Float64Array.from(operands.beta);
  const loss = (): number => {
    const moved = { ...operands, x, gamma, beta };
    const y = exactForward(moved, exactRstd(moved));
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += dy[i]! * y[i]! + (dsum ? dsum[i]! * x[i]! : 0);
    return sum;
  };
  const slopes = (values: Float64Array): Float64Array => values.map((_, i) => slope(values, i, loss));
  return { dx: slopes(x), ...(gamma && { dgamma: slopes(gamma) }), ...(beta && { dbeta: slopes(beta) }) };
}

const STEP = 2 ** -10;

function slope(values: Float64Array, i: number, loss: () => number): number {
  const kept = values[i]!;
  const central = (step: number): number => {
    values[i] = kept + step;
    const above = loss();
    values[i] = kept - step;
    const below = loss();
    values[i] = kept;
    return (above - below) / (2 * step);
  };
  const h = STEP * Math.max(2 ** -4, Math.abs(kept));
  return (4 * central(h / 2) - central(h)) / 3;
}
