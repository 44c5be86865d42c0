// The call's problem as the kernels see it, set once per call by `setProblem`.

export let x: usize = 0;
export let gamma: usize = 0;
export let beta: usize = 0;
export let y: usize = 0;
export let rstd: usize = 0;
export let scratch: usize = 0;
export let outer: u32 = 0;
export let groups: u32 = 0;
export let size: u32 = 0;
export let inner: u32 = 0;
export let statSize: u32 = 0;
export let alpha: f64 = 0;
export let weightOffset: f64 = 0;
export let llama: bool = false;

// What of the problem is done at a time: slabs [size, inner] that lie one behind another, see `setPart`.
export let slabs: u32 = 0;
/** The group of the first slab. */
export let firstGroup: u32 = 0;
/** The columns of each slab, of inner: all, unless a caller cut there. */
export let firstColumn: u32 = 0;
export let endColumn: u32 = 0;

/** The sums of squares, float32, where they are given (scaleBy) instead of being computed. */
export let given: usize = 0;

// rstd = top / max(sqrt(sum * factor + added), least) is both 'add' and 'clamp'.
let top: f64 = 0;
let factor: f64 = 0;
let added: f64 = 0;
let least: f64 = 0;
// A sum below this lost too much to underflow.
let lowest: f64 = 0;

const HIGHEST = 8.507059173023462e37; // 2^126
const MIN_NORMAL = 1.1754943508222875e-38; // 2^-126
const MAX_R = 1.7014118346046923e38; // 2^127
const LOW = 3.155443620884047e-30; // 2^-98

export function setProblem(
  gamma_: usize,
  beta_: usize,
  scratch_: usize,
  outer_: u32,
  groups_: u32,
  size_: u32,
  inner_: u32,
  statSize_: u32,
  eps: f64,
  clamp: bool,
  alpha_: f64,
  weightOffset_: f64,
  llama_: bool,
): void {
  gamma = gamma_;
  beta = beta_;
  scratch = scratch_;
  outer = outer_;
  groups = groups_;
  size = size_;
  inner = inner_;
  setColumns(0, inner_);
  statSize = statSize_;
  alpha = alpha_;
  weightOffset = weightOffset_;
  llama = llama_;
  given = 0;
  const low = LOW * <f64>size_;
  if (clamp) {
    top = sqrt(<f64>size_);
    factor = 1;
    added = 0;
    least = eps;
    lowest = eps * eps < 2 * low ? low : 0;
  } else {
    top = 1;
    factor = 1 / <f64>statSize_;
    added = eps;
    least = 0;
    lowest = <f64>statSize_ * eps < 0.25 * low ? low : 0;
  }
}

/** Slabs that lie at `x_` and are normalized into `y_`. */
export function setPart(x_: usize, y_: usize, rstd_: usize, slabs_: u32, firstGroup_: u32): void {
  x = x_;
  y = y_;
  rstd = rstd_;
  slabs = slabs_;
  firstGroup = firstGroup_;
}

export function setColumns(first: u32, end: u32): void {
  firstColumn = first;
  endColumn = end;
}

export function setWeights(gamma_: usize, beta_: usize): void {
  gamma = gamma_;
  beta = beta_;
}

/** The statistic is that of `sums`, each of `count` squares. */
export function useSums(sums: usize, count: f64, clamp: bool): void {
  given = sums;
  if (clamp) top = sqrt(count);
  else factor = 1 / count;
  lowest = 0;
}

/** r / alpha of a row whose first statSize squares add up to `sum`. */
export function rstdOf(sum: f64): f64 {
  return top / max(sqrt(sum * factor + added), least);
}

/**
 * Whether a row may be computed in float32: its squares neither overflowed nor vanished, and r is a normal number.
 * A NaN in the row, an infinity, a zero denominator all answer no.
 */
export function isPlain(sum: f64, r: f64): bool {
  const magnitude = abs(r);
  return sum >= lowest && sum <= HIGHEST && magnitude >= MIN_NORMAL && magnitude <= MAX_R;
}

// The same for two rows at a time, lane by lane.

// @ts-ignore: decorator
@inline
export function rstdOf2(sums: v128): v128 {
  const root = f64x2.sqrt(f64x2.add(f64x2.mul(sums, f64x2.splat(factor)), f64x2.splat(added)));
  return f64x2.div(f64x2.splat(top), f64x2.pmax(root, f64x2.splat(least)));
}

// @ts-ignore: decorator
@inline
export function arePlain2(sums: v128, r: v128): bool {
  const magnitude = f64x2.abs(r);
  return i64x2.all_true(
    v128.and(
      v128.and(f64x2.ge(sums, f64x2.splat(lowest)), f64x2.le(sums, f64x2.splat(HIGHEST))),
      v128.and(f64x2.ge(magnitude, f64x2.splat(MIN_NORMAL)), f64x2.le(magnitude, f64x2.splat(MAX_R))),
    ),
  );
}

/** Whether a sum of squares in float32 neither overflowed nor vanished, whatever eps. */
// @ts-ignore: decorator
@inline
export function isInRange(sum: f64): bool {
  return sum >= LOW * <f64>size && sum <= HIGHEST;
}
