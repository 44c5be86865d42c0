import { familyOf } from '../report/families.ts';

/*
 * What the contract promises, in its own words, by the families of cases that check it.
 */

const FORMULA =
  'y = x * r * (weightOffset + gamma) + beta, r = alpha / sqrt(ms + eps), ms the mean of the squares of the first statSize ' +
  "elements of the row; under epsMode 'clamp' r = alpha * sqrt(size) / max(norm2(x), eps).";

const ACCURACY =
  'Accuracy, for every finite input whose x * r, r and y lie in the normal range of float32: the error, in ulp of ' +
  "max(|x * r * w|, |beta|), w = weightOffset + gamma, is at most 4 ('ieee'), two more for 'webgpu', 1e-5 relative for " +
  "'loose'; one more with a weightOffset, one more with a beta. 16-bit types: the float32 bound before the rounding, then " +
  'one rounding to nearest even. Overflow of y gives an infinity.';

const LLAMA =
  "casting 'gemma': float32 throughout, rounded once at the end; 'llama': x * r is rounded to the dtype of x, then multiplied by gamma.";

const SUM =
  'sum = x + residual, rounded to the dtype; y = norm(sum); both come back, bit for bit the two steps done apart.';

const GATE =
  'y = norm(x) * silu(z) with normBeforeGate, else norm(x * silu(z)); the error is at most 6 ulp (webgpu 12), for |x|, |z| up to 1e15.';

const GRADIENTS =
  '|dx - exact| <= 16 * 2^-24 * (|g r| + |x| r^3 mean|g x| / alpha^2), g = dy * w; dgamma, dbeta <= 1e-6 * sum of |terms| ' +
  'for up to 1e6 rows. dsum is added to dx. Rounding counts as identity; where clamp is active r is a constant.';

const SHARDS =
  'sumSquares gives the sum of the squares of each row, [outer, groups, inner], and scaleBy finishes a forward from such ' +
  'sums and the total count: the two halves of forward, as accurate as forward while the total lies in [size * 2^-98, 2^126].';

const QUANTIZED =
  'One float32 scale per (outer, inner) over all its groups: scale = max|y| / 127, 1 where max is 0, within 4 ulp; ' +
  'q = clamp(roundHalfEven(v), -127, 127) for some v within 1e-4 of y / scale, y in float32 and within its bound.';

const EXTREMES =
  "No overflow, no underflow (promise 'extremes'): rows of 1e30 or 1e-30 are as accurate as rows of 1. A row is redone on " +
  'values scaled by a power of two where its sum of squares is above 2^126, or below size * 2^-98 while eps does not dominate.';

const SUBNORMALS =
  "Subnormal inputs count as the numbers that they are (promise 'subnormals'); a backend that does not promise it may flush them to 0.";

const NON_FINITE =
  "Zeros and non-finite values (promise 'nonFinite'): where the denominator is 0, elements that are 0 give 0 (+ beta), others " +
  "an infinity; a zero row with eps = 0 is zeros. A NaN in the statistic makes its row NaN; an infinity makes the row's finite " +
  'elements 0 (+ beta) and itself NaN; outside the statistic (partial) either changes only its own element; no other row is ' +
  'touched. A NaN in gamma or beta touches only its own feature.';

const INVARIANCE =
  "Invariance and determinism (promise 'invariance'): which element enters which partial sum, and in what order, depends on " +
  '(operation, size, statSize, inner = 1 or > 1, dtype, device) alone: never on outer, the value of inner, alignment, place, ' +
  "in-place, whether rstd is asked for, or threads. A row's bits are the same in every launch.";

const ISOLATION =
  'Nothing else is written: inputs are not changed, no byte outside the output is touched, every output element is written. ' +
  'All driver calls take effect in call order; what is freed stays until enqueued work has run.';

const ALIASING =
  'The only aliasing that a kernel sees, always as the same B: y = x; sum or y = residual or x (not both the same); y = gate; ' +
  'dx = dy or x. The result is as if the memory were apart.';

const SHARED = 'Inputs may be one and the same tensor: the result is as if each had memory of its own.';

const LAYOUT =
  '`dim` features along `axis` are split into `groups` groups of size = dim / groups: a contiguous layout ' +
  '[outer, groups, size, inner]. A row is one (outer, group, inner) with its size elements; each row has one statistic.';

const EMPTY =
  'Empty tensors (outer or inner 0) give empty tensors, dgamma and dbeta of zeros, and no kernel is called.';

const ERRORS =
  'Wrong shapes, dtypes, options, disposed tensors, tensors of another backend: an RMSNormError with a stable code, thrown ' +
  'before anything runs. Objects of options are refused where they have a key that is not known.';

const LEAKS = 'No leak: backend.memory() returns to what it was, after norm.dispose(), which frees its uploads.';

const CLASS =
  'RMSNorm holds options, gamma and beta on the host and uploads them once per backend; update() uploads them again, ' +
  'dispose() frees all uploads. Its methods give what the functions give.';

const APPLY =
  'apply(x, backend): host array in, host array out, the fastest way the backend has; the result is that of forward.';

const SUPPORTS =
  'supports says what the driver can do, and is frozen: what it names must work, what it does not name throws UNSUPPORTED.';

const TENSORS =
  'tensor(data, shape, dtype) copies; data() is a copy on the host, in which device errors surface; wrap(handle) is not owned; ' +
  'all calls take effect in call order.';

const LIFECYCLE =
  'dispose() is idempotent; what is disposed throws DISPOSED. create() gives a backend of its own each time, and rejects with ' +
  'signal.reason where its signal is aborted. tidy(fn) disposes of the tensors made in fn but those that it returns.';

const PLAN =
  'All driver calls take effect in call order: what a call was given, and what came out, is kept until it is read, however many ' +
  'calls came since. Promises of one operation hold for every pair of dtype, layout, size, kind of rows, options and place.';

const DIFFERENCES =
  'The gradients are those of sum(dy * y) + sum(dsum * x), here held against differences of forward in float64.';

const PROPERTIES =
  'Follows from the formula for every input: any layout with any options, scaling, permutation, linearity.';

/** By the part of the family after the slash: what holds for every operation. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  manifest: [SUPPORTS],
  'both-sides': [SUPPORTS],
  tensor: [TENSORS],
  lifecycle: [LIFECYCLE],
  tidy: [LIFECYCLE],
  leaks: [LEAKS],
  'unknown-keys': [ERRORS],
  errors: [ERRORS],
  empty: [EMPTY],
  class: [CLASS],
  apply: [APPLY],
  'apply-out': [APPLY],
  invariance: [INVARIANCE],
  isolation: [ISOLATION],
  'in-place': [ALIASING],
  'shared-inputs': [SHARED],
  extremes: [EXTREMES],
  subnormals: [SUBNORMALS],
  'non-finite': [NON_FINITE],
  'zero-rows': [NON_FINITE],
  axis: [LAYOUT],
  'channels-first': [LAYOUT],
  groups: [LAYOUT],
  layouts: [LAYOUT],
  plan: [PLAN],
  properties: [PROPERTIES],
  'finite-differences': [DIFFERENCES],
  rounding: [LLAMA],
  options: [LLAMA],
};

/** By the part before the slash: what holds for every family of an operation. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  forward: [FORMULA, ACCURACY],
  addForward: [SUM, ACCURACY],
  gatedForward: [GATE],
  backward: [GRADIENTS],
  sumSquares: [SHARDS],
  scaleBy: [SHARDS],
  forwardQuantized: [QUANTIZED],
  backend: [],
  supports: [],
};

/** Families that look at something else than the numbers that come out. */
const WITHOUT_NUMBERS: ReadonlySet<string> = new Set(['errors', 'empty', 'invariance', 'leaks']);

/** What the contract promises about a case, the nearest first. */
export function promisesOf(id: string): readonly string[] {
  const [operation = '', kind = ''] = familyOf(id).split('/');
  const ofKind = KINDS[kind] ?? [];
  return WITHOUT_NUMBERS.has(kind) ? ofKind : [...ofKind, ...(OPERATIONS[operation] ?? [])];
}
