import type { Halves } from '../../plan.ts';
import type { Problem } from '../problem.ts';
import { component, type Lanes, lines, vector } from './template.ts';

// 16-bit elements as the bits that they are. Reading is exact whatever reads.

/** A directive: it stands before all else. */
export function enableF16({ halves }: Pick<Problem, 'halves'>): string {
  return halves === 'f16' ? 'enable f16;' : '';
}

type Converted = Pick<Problem, 'dtype' | 'halves'>;

/** `widen(word)`: the two 16-bit elements of a word as numbers. */
export function widen({ dtype, halves }: Converted): string {
  if (dtype === 'float32') return '';
  if (dtype === 'bfloat16') {
    return 'fn widen(word: u32) -> vec2f { return bitcast<vec2f>(vec2u(word << 16u, word & 0xffff0000u)); }';
  }
  return `fn widen(word: u32) -> vec2f { return ${halves === 'f16' ? 'vec2f(bitcast<vec2h>(word))' : 'unpack2x16float(word)'}; }`;
}

/** `narrow(v)`: the nearest elements of a 16-bit type, ties to even, as bits; `rounded(v)`: as numbers. */
export function narrow({ dtype, halves }: Converted, lanes: Lanes): string {
  if (dtype === 'float32') return 'fn rounded(v: V) -> V { return v; }';
  if (dtype === 'bfloat16')
    return lines(NARROW_BFLOAT16, 'fn rounded(v: V) -> V { return bitcast<V>(narrow(v) << U(16u)); }');
  const numbers = vector('V', lanes, (lane) => `widen(${component('half', lanes, lane)}).x`);
  return lines(
    narrowHalves('narrow', lanes, halves),
    // A compiler that does not see that the bits stay as they are cannot leave the two conversions out (llvmpipe's does).
    `fn rounded(v: V) -> V { let half = narrow(v) ^ U(p.zero); return ${numbers}; }`,
  );
}

/**
 * By their bits. Below 2^-14 the spacing is 2^-24, float32's own at 0.5: adding 0.5 rounds to
 * it. Above, adding half of the last place but one bit, and that bit, rounds in the integers, into the next power of two
 * as well.
 */
function nearestHalves(name: string): string {
  return `fn ${name}(v: V) -> U {
  let bits = bitcast<U>(v);
  let magnitude = bits & U(0x7fffffffu);
  let normal = (magnitude + U(0xfffu) + ((magnitude >> U(13u)) & U(1u)) - U(112u << 23u)) >> U(13u);
  let small = bitcast<U>(bitcast<V>(magnitude) + V(0.5)) - U(0x3f000000u);
  var half = select(normal, small, magnitude < U(0x38800000u));
  half = select(half, U(0x7c00u), magnitude >= U(0x477ff000u));
  half = select(half, U(0x7e00u), magnitude > U(0x7f800000u));
  return half | ((bits >> U(16u)) & U(0x8000u));
}`;
}

/** A function of V that gives the nearest halves' bits. */
export function narrowHalves(name: string, lanes: Lanes, halves: Halves): string {
  if (halves === 'bits') return nearestHalves(name);
  const words = halves === 'f16' ? WORDS_BY_F16 : WORDS_BY_PACK;
  return `fn ${name}(v: V) -> U { let words = ${words[lanes]}; return ${HALVES_OF_WORDS[lanes]}; }`;
}

const WORDS_BY_F16: Readonly<Record<Lanes, string>> = {
  1: 'bitcast<u32>(vec2h(f16(v), 0.0h))',
  2: 'bitcast<u32>(vec2h(v))',
  4: 'bitcast<vec2u>(vec4h(v))',
};

const WORDS_BY_PACK: Readonly<Record<Lanes, string>> = {
  1: 'pack2x16float(vec2f(v, 0.0))',
  2: 'pack2x16float(v)',
  4: 'vec2u(pack2x16float(v.xy), pack2x16float(v.zw))',
};

const HALVES_OF_WORDS: Readonly<Record<Lanes, string>> = {
  1: 'words',
  2: 'vec2u(words & 0xffffu, words >> 16u)',
  4: 'vec4u(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u)',
};

const NARROW_BFLOAT16 = `fn narrow(v: V) -> U {
  let bits = bitcast<U>(v);
  let nearest = (bits + U(0x7fffu) + ((bits >> U(16u)) & U(1u))) >> U(16u);
  return select(nearest, U(0x7fc0u), (bits & U(0x7fffffffu)) > U(0x7f800000u));
}`;
