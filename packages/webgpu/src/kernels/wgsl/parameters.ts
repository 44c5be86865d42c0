import { unreachable } from '../../unreachable.ts';
import type { SlabRange } from '../planning/slabs.ts';
import type { KernelProblem } from '../problem.ts';
import { wgsl } from './template.ts';

/** What every kernel is told about its problem, as one uniform: in this order. */
const FIELDS = [
  { name: 'rows', type: 'u32', is: 'of this dispatch' },
  {
    name: 'first_slab',
    type: 'u32',
    is: 'index, in the whole tensor, of the slab [size, inner] that this dispatch starts at',
  },
  { name: 'groups', type: 'u32' },
  { name: 'size', type: 'u32', is: 'features of a row' },
  { name: 'inner', type: 'u32' },
  { name: 'stat_size', type: 'u32', is: 'features that enter the statistic' },
  { name: 'elements', type: 'u32', is: 'rows * size' },
  { name: 'sections', type: 'u32', is: 'into which a row is split' },

  {
    name: 'plain_lowest',
    type: 'u32',
    above:
      'A sum of squares is plain, untouched by overflow and underflow, where its bits lie between plain_lowest and\n' +
      'plain_highest. Then r = factor / sqrt(max(sum + eps_added, eps_least)).',
  },
  { name: 'plain_highest', type: 'u32' },
  { name: 'eps_added', type: 'f32' },
  { name: 'eps_least', type: 'f32' },
  { name: 'factor', type: 'f32', is: 'alpha * sqrt(n), n the features of the sum; sqrt(n) in backward' },
  { name: 'factor_low', type: 'f32', is: 'what factor lacks in float32; each _low is that of its number' },

  {
    name: 'eps_clamps',
    type: 'u32',
    above:
      'For other sums, whose numbers may lie beyond float32: eps = eps_mantissa * 4^eps_exponent is added, or is the least value\n' +
      'where eps_clamps is 1; factor = factor_mantissa * 2^factor_exponent; the same for rstd = r / alpha.',
  },
  { name: 'eps_mantissa', type: 'f32' },
  { name: 'eps_exponent', type: 'i32' },
  { name: 'factor_mantissa', type: 'f32' },
  { name: 'factor_mantissa_low', type: 'f32' },
  { name: 'factor_exponent', type: 'i32' },
  { name: 'rstd_mantissa', type: 'f32' },
  { name: 'rstd_mantissa_low', type: 'f32' },
  { name: 'rstd_exponent', type: 'i32' },

  { name: 'weight_offset', type: 'f32', above: 'How x * r is weighted.' },
  { name: 'weight_offset_low', type: 'f32' },
  { name: 'given_scale', type: 'f32', is: 'of forwardQuantized' },

  { name: 'alpha', type: 'f32', above: 'Of gradients.' },
  { name: 'reciprocal_count', type: 'f32', is: '1 / n' },
  { name: 'chunks', type: 'u32', is: 'into which the terms of dgamma and dbeta are split here' },
  { name: 'first_chunk', type: 'u32', is: 'among the chunks of all dispatches' },
  { name: 'chunk_tiles', type: 'u32', is: 'tiles that each team takes of a chunk' },

  { name: 'nan_bits', type: 'u32', above: 'Constants: in the uniform so that the compiler cannot fold them.' },
  { name: 'infinity_bits', type: 'u32' },
  { name: 'zero_bits', type: 'u32' },
] as const satisfies readonly FieldOfUniform[];

interface FieldOfUniform {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
  /** A comment behind the field. */
  readonly is?: string;
  /** Comments above it and what follows. */
  readonly above?: string;
}

type Field = (typeof FIELDS)[number]['name'];

export const PARAMETERS: string = wgsl`
  struct Parameters {
    ${FIELDS.map(({ name, type, is, above }: FieldOfUniform) => [
      above && `\n${above.replace(/^/gm, '// ')}`,
      `${name}: ${type},${is ? ` // ${is}` : ''}`,
    ])}
  }
`;

/** A uniform's size is a multiple of 16 bytes. */
const BYTES = Math.ceil(FIELDS.length / 4) * 16;

/** What a dispatch is told beside its problem. */
export interface Uniforms {
  /** Features behind a sum of squares, where it is not statSize. */
  readonly count?: number;
  readonly sections?: number;
  readonly givenScale?: number;
  readonly chunks?: number;
  readonly firstChunk?: number;
  readonly chunkTiles?: number;
  /** The highest sum of squares that is plain; 2^126 unless given. */
  readonly highestPlain?: number;
  /** Whether r is without alpha, which is multiplied by afterwards. */
  readonly alphaApart?: boolean;
}

/** The contents of `Parameters` for some slabs of a problem. */
export function parameters(problem: KernelProblem, range: SlabRange, uniforms: Uniforms = {}): ArrayBuffer {
  const { groups, size, inner, statSize, weightOffset, alpha } = problem;
  const { count = statSize, highestPlain = 2 ** 126, alphaApart = false } = uniforms;
  const rows = range.count * inner;
  const { eps, clamps, dominates } = epsOf(problem, count);
  const factor = (alphaApart ? 1 : alpha) * Math.sqrt(count);
  const fits = Math.abs(factor) >= 2 ** -60 && Math.abs(factor) <= 2 ** 60 && eps <= 2 ** 120;
  const scaledEps = normalized(Math.min(eps, 2 ** 252), 4);
  const scaledFactor = normalized(factor, 2);
  const scaledRoot = normalized(Math.sqrt(count), 2);
  return packed({
    rows,
    first_slab: range.first,
    groups,
    size,
    inner,
    stat_size: statSize,
    elements: rows * size,
    sections: uniforms.sections ?? 1,
    plain_lowest: fits ? bitsOf(dominates ? 0 : leastPlain(problem)) : NEVER,
    plain_highest: bitsOf(highestPlain),
    eps_added: clamps ? 0 : eps,
    eps_least: clamps ? eps : 0,
    factor,
    factor_low: lackingIn(factor),
    eps_clamps: Number(clamps),
    eps_mantissa: scaledEps.mantissa,
    eps_exponent: scaledEps.exponent,
    factor_mantissa: scaledFactor.mantissa,
    factor_mantissa_low: lackingIn(scaledFactor.mantissa),
    factor_exponent: scaledFactor.exponent,
    rstd_mantissa: scaledRoot.mantissa,
    rstd_mantissa_low: lackingIn(scaledRoot.mantissa),
    rstd_exponent: scaledRoot.exponent,
    weight_offset: weightOffset,
    weight_offset_low: lackingIn(weightOffset),
    given_scale: uniforms.givenScale ?? 0,
    alpha,
    reciprocal_count: 1 / count,
    chunks: uniforms.chunks ?? 1,
    first_chunk: uniforms.firstChunk ?? 0,
    chunk_tiles: uniforms.chunkTiles ?? 1,
    nan_bits: 0x7fc00000,
    infinity_bits: 0x7f800000,
    zero_bits: 0,
  });
}

/** No bits are that high: a lowest sum of squares that makes no sum plain. */
const NEVER = 0xffffffff;

/** A sum of squares that is lower may have lost some to underflow. */
function leastPlain({ size }: KernelProblem): number {
  return size * 2 ** -98;
}

/**
 * eps in units of the sum of squares: r = alpha * sqrt(count) / sqrt(sum + eps), or over sqrt(max(sum, eps)); and whether
 * what a sum may have lost to underflow does not matter beside it.
 */
function epsOf(problem: KernelProblem, count: number): { eps: number; clamps: boolean; dominates: boolean } {
  switch (problem.epsMode) {
    case 'add': {
      const eps = problem.eps * count;
      return { eps, clamps: false, dominates: eps >= leastPlain(problem) / 4 };
    }
    case 'clamp': {
      const eps = problem.eps * problem.eps;
      return { eps, clamps: true, dominates: eps >= 2 * leastPlain(problem) };
    }
    default:
      return unreachable(problem.epsMode);
  }
}

/** What a number lacks in float32. */
function lackingIn(value: number): number {
  return value - Math.fround(value);
}

function packed(values: Readonly<Record<Field, number>>): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(BYTES));
  let at = 0;
  for (const { name, type } of FIELDS) {
    if (type === 'f32') view.setFloat32(at, values[name], true);
    else view.setUint32(at, values[name], true);
    at += 4;
  }
  return view.buffer;
}

/** `value` as mantissa * base^exponent, 1 <= |mantissa| < base; a zero's exponent is lower than any. */
function normalized(value: number, base: 2 | 4): { mantissa: number; exponent: number } {
  if (value === 0) return { mantissa: 0, exponent: -2048 };
  let exponent = Math.floor(Math.log2(Math.abs(value)) / Math.log2(base));
  // In two steps: one exponent alone may be beyond float64.
  const halfExponent = Math.trunc(exponent / 2);
  let mantissa = value / base ** halfExponent / base ** (exponent - halfExponent);
  // log2 rounds.
  if (Math.abs(mantissa) >= base) {
    mantissa /= base;
    exponent++;
  } else if (Math.abs(mantissa) < 1) {
    mantissa *= base;
    exponent--;
  }
  return { mantissa, exponent };
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}
