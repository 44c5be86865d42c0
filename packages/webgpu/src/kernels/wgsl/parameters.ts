import type { Problem } from '../problem.ts';

/**
 * What every kernel is told about its problem, as one uniform.
 *
 * Numbers that may lie beyond float32 come as a mantissa and a power: `eps` as `epsMantissa * 4^epsPower`, what
 * multiplies the reciprocal root as `mantissa * 2^power`, each mantissa in two parts, the second what the first lacks.
 */
export const PARAMETERS = `struct Parameters {
  rows: u32,          // how many, here
  first_slab: u32,    // of the tensor: the rows start with this [size, inner]
  groups: u32,
  size: u32,
  inner: u32,
  stat_size: u32,
  elements: u32,      // rows * size
  sections: u32,      // into which wide rows are split

  // A sum of squares is plain where its bits lie in [lowest, highest]; then r = factor / sqrt(max(sum + added, least)).
  lowest: u32,
  highest: u32,
  added: f32,
  least: f32,
  factor: f32,
  factor_low: f32,

  // The same for sums of any magnitude.
  clamp: u32,
  eps_mantissa: f32,
  eps_power: i32,
  mantissa: f32,
  mantissa_low: f32,
  power: i32,

  // The square root of the count alone, for rstd = r / alpha.
  root_mantissa: f32,
  root_mantissa_low: f32,
  root_power: i32,

  weight_offset: f32,
  alpha: f32,
  reciprocal_count: f32,
  quant_scale: f32,
  chunks: u32,        // into which the terms of dgamma are split, here
  // Constants that a compiler must not see: it may take them for undefined, or calculate with them.
  nan: u32,
  infinity: u32,
  zero: u32,
  chunk: u32,         // terms of each chunk, for each team
  weight_offset_low: f32,
  first_chunk: u32,   // of all chunks
}`;

export interface Part {
  /** Of [outer * groups]. */
  readonly firstSlab: number;
  readonly slabs: number;
}

export interface Extra {
  /** Features behind a sum of squares, where it is not statSize. */
  readonly count?: number;
  readonly sections?: number;
  readonly quantScale?: number;
  readonly chunk?: number;
  readonly chunks?: number;
  readonly firstChunk?: number;
  /** The highest sum of squares that is plain; 2^126 unless given. */
  readonly highest?: number;
  /** What r is multiplied by afterwards, where alpha is not in it. */
  readonly alpha?: number;
}

const WORDS = 36;
const NEVER = 0xffffffff;

/** The contents of `Parameters` for some slabs of a problem. */
export function parameters(p: Problem, part: Part, extra: Extra = {}): ArrayBuffer {
  const count = extra.count ?? p.statSize;
  const clamp = p.epsMode === 'clamp';
  // In units of the sum of squares: r = alpha * sqrt(count) / sqrt(sum + eps * count), or by max(norm, eps).
  const eps = clamp ? p.eps * p.eps : p.eps * count;
  const factor = p.alpha * Math.sqrt(count);
  const low = p.size * 2 ** -98;
  const dominated = clamp ? eps < 2 * low : eps < low / 4;
  const plain = within(Math.abs(factor), 2 ** -60, 2 ** 60) && eps <= 2 ** 120;

  const buffer = new ArrayBuffer(WORDS * 4);
  const u32 = new Uint32Array(buffer);
  const i32 = new Int32Array(buffer);
  const f32 = new Float32Array(buffer);
  const rows = part.slabs * p.inner;
  const halves = (at: number, value: number): void => {
    f32[at] = value;
    f32[at + 1] = value - f32[at]!;
  };

  u32.set([rows, part.firstSlab, p.groups, p.size, p.inner, p.statSize, rows * p.size, extra.sections ?? 1]);
  u32[8] = plain ? bitsOf(dominated ? low : 0) : NEVER;
  u32[9] = bitsOf(extra.highest ?? 2 ** 126);
  f32[10] = clamp ? 0 : eps;
  f32[11] = clamp ? eps : 0;
  halves(12, factor);

  const scaledEps = normalized(Math.min(eps, 2 ** 252), 4);
  u32[14] = Number(clamp);
  f32[15] = scaledEps.mantissa;
  i32[16] = scaledEps.power;
  const scaledFactor = normalized(factor, 2);
  halves(17, scaledFactor.mantissa);
  i32[19] = scaledFactor.power;
  const root = normalized(Math.sqrt(count), 2);
  halves(20, root.mantissa);
  i32[22] = root.power;

  f32[23] = p.weightOffset;
  f32[32] = p.weightOffset - f32[23]!;
  f32[24] = extra.alpha ?? p.alpha;
  f32[25] = 1 / count;
  f32[26] = extra.quantScale ?? 0;
  u32[27] = extra.chunks ?? 1;
  u32[33] = extra.firstChunk ?? 0;
  u32.set([0x7fc00000, 0x7f800000, 0, extra.chunk ?? 1], 28);
  return buffer;
}

/** `value` as mantissa * base^power, 1 <= |mantissa| < base; a zero's power is lower than any. */
function normalized(value: number, base: 2 | 4): { mantissa: number; power: number } {
  if (value === 0) return { mantissa: 0, power: -2048 };
  let power = Math.floor(Math.log2(Math.abs(value)) / Math.log2(base));
  // In two steps: one power alone may be beyond float64.
  const half = Math.trunc(power / 2);
  let mantissa = value / base ** half / base ** (power - half);
  // log2 rounds.
  if (Math.abs(mantissa) >= base) {
    mantissa /= base;
    power++;
  } else if (Math.abs(mantissa) < 1) {
    mantissa *= base;
    power--;
  }
  return { mantissa, power };
}

function within(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}
