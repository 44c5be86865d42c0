import { Math, Number } from '../globals.ts';
import { FORMATS } from '../inputs/formats.ts';
import { exactRstd, type ForwardOperands, rstdSlopeOf } from './exact-forward.ts';

export interface BackwardOperands extends ForwardOperands {
  readonly dy: ArrayLike<number>;
  /** r / alpha of every row where it is given, else it follows from x. */
  readonly rstd: ArrayLike<number> | null;
  readonly dsum: ArrayLike<number> | null;
}

/** The gradients in float64, each with what its bound refers to. */
export interface ExactGradients {
  readonly dx: Float64Array;
  /** |g r| + |x| |r|^3 mean|g x| / alpha^2. */
  readonly dxScale: Float64Array;
  /** |r| times what g loses where it is below the normal range of float32: it is rounded to a multiple of 2^-149. */
  readonly dxLost: Float64Array;
  readonly dgamma: Float64Array;
  readonly dgammaTerms: Float64Array;
  readonly dbeta: Float64Array;
  readonly dbetaTerms: Float64Array;
  /** Features with an x * r beyond float32: the contract asks nothing of their dgamma, though a small dy may make it fit. */
  readonly overflowing: Set<number>;
}

/**
 * The gradients of sum(dy * y), y = x * r * w + beta, and of sum(dsum * x):
 *
 *     g  = dy * w
 *     dx = g r - x r^3 / alpha^2 * (sum of g x over the row) / statSize + dsum
 *     dgamma = sum over rows of dy x r        dbeta = sum over rows of dy
 *
 * Elements outside the statistic have no middle term, and no element has one where r is a constant, because 'clamp' is
 * active. 0 times an infinite r is 0.
 */
export function exactGradients(operands: BackwardOperands): ExactGradients {
  const { normalization, x, dy, dsum, gamma } = operands;
  const { outer, groups, size, inner, statSize, alpha, weightOffset } = normalization;
  const rstd = operands.rstd ?? exactRstd(operands);
  const features = groups * size;
  const gradients: ExactGradients = {
    dx: new Float64Array(x.length),
    dxScale: new Float64Array(x.length),
    dxLost: new Float64Array(x.length),
    dgamma: new Float64Array(features),
    dgammaTerms: new Float64Array(features),
    dbeta: new Float64Array(features),
    dbetaTerms: new Float64Array(features),
    overflowing: new Set<number>(),
  };
  const { dx, dxScale, dxLost, dgamma, dgammaTerms, dbeta, dbetaTerms } = gradients;
  for (let block = 0; block < outer * groups; block++) {
    const firstFeature = (block % groups) * size;
    for (let column = 0; column < inner; column++) {
      const row = block * inner + column;
      const first = block * size * inner + column;
      const rstdOfRow = rstd[row]!;
      const r = alpha * rstdOfRow;
      let dot = 0;
      let absolute = 0;
      let squares = 0;
      for (let i = 0; i < size; i++) {
        const weight = gamma ? weightOffset + gamma[firstFeature + i]! : 1;
        const value = x[first + i * inner]!;
        const product = dy[first + i * inner]! * weight * value;
        dot += product;
        absolute += Math.abs(product);
        if (i < statSize) squares += value * value;
      }
      const rstdSlope = rstdSlopeOf(normalization, rstdOfRow, squares);
      const middleFactor = rstdSlope === null ? 0 : finiteProduct(dot / statSize, alpha * rstdSlope);
      const middleScale = rstdSlope === null ? 0 : finiteProduct(absolute / statSize, Math.abs(alpha * rstdSlope));
      for (let i = 0; i < size; i++) {
        const at = first + i * inner;
        const feature = firstFeature + i;
        const weight = gamma ? weightOffset + gamma[feature]! : 1;
        const g = dy[at]! * weight;
        const direct = finiteProduct(g, r);
        const within = i < statSize;
        dx[at] = direct - (within ? finiteProduct(x[at]!, middleFactor) : 0) + (dsum ? dsum[at]! : 0);
        dxScale[at] = Math.abs(direct) + (within ? finiteProduct(Math.abs(x[at]!), middleScale) : 0);
        if (g !== 0 && Math.abs(g) < FORMATS.float32.minNormal) dxLost[at] = finiteProduct(2 ** -149, Math.abs(r));
        const normed = finiteProduct(x[at]!, r);
        if (Number.isFinite(normed) && Math.abs(normed) > FORMATS.float32.max) gradients.overflowing.add(feature);
        const term = dy[at]! * normed;
        dgamma[feature]! += term;
        dgammaTerms[feature]! += Math.abs(term);
        dbeta[feature]! += dy[at]!;
        dbetaTerms[feature]! += Math.abs(dy[at]!);
      }
    }
  }
  return gradients;
}

/** a * b, where a zero stays zero although b is infinite. */
function finiteProduct(a: number, b: number): number {
  return a === 0 && Math.abs(b) === Number.POSITIVE_INFINITY ? 0 : a * b;
}
