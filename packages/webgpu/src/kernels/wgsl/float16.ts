import type { FloatDType } from '@rmsnorm/core';
import type { ToFloat16 } from '../../plan.ts';
import { unreachable } from '../../unreachable.ts';
import type { Components } from '../planning/access.ts';
import type { KernelProblem } from '../problem.ts';
import { wgsl } from './template.ts';
import { componentOf, vector } from './vectors.ts';

// 16-bit elements as numbers, and back. WGSL sees them as the bits of 32-bit words.

type Conversion = Pick<KernelProblem, 'dtype' | 'toFloat16'>;

/** `widen(word)`: the two 16-bit elements of a word as numbers, exactly. */
export function widen({ dtype, toFloat16 }: Conversion): string {
  switch (dtype) {
    case 'float32':
      return '';
    case 'float16':
      return wgsl`
        fn widen(word: u32) -> vec2f {
          return ${toFloat16 === 'f16' ? 'vec2f(bitcast<vec2h>(word))' : 'unpack2x16float(word)'};
        }
      `;
    case 'bfloat16':
      return wgsl`
        fn widen(word: u32) -> vec2f {
          return bitcast<vec2f>(vec2u(word << 16u, word & 0xffff0000u));
        }
      `;
    default:
      return unreachable(dtype);
  }
}

/** `narrow(v)`: the nearest elements of a 16-bit type, ties to even, as bits; `rounded(v)`: the same as numbers. */
function narrow({ dtype, toFloat16 }: Conversion, components: Components): string {
  switch (dtype) {
    case 'float32':
      return 'fn rounded(v: Elements) -> Elements { return v; }';
    case 'float16':
      return wgsl`
        ${narrowToFloat16('narrow', components, toFloat16)}

        // The zero is not known to a compiler, which else could leave the two conversions out (llvmpipe's does).
        fn rounded(v: Elements) -> Elements {
          let bits16 = narrow(v) ^ ElementBits(params.zero_bits);
          return ${vector('Elements', components, (component) => `widen(${componentOf('bits16', components, component)}).x`)};
        }
      `;
    case 'bfloat16':
      return NARROW_TO_BFLOAT16;
    default:
      return unreachable(dtype);
  }
}

/** Both, as far as a dtype needs them. */
export function conversions(conversion: Conversion, components: Components): string {
  return wgsl`
    ${widen(conversion)}
    ${narrow(conversion, components)}
  `;
}

/** Whether a shader of this dtype uses shader-f16, which a directive enables. */
export function usesF16(dtype: FloatDType, toFloat16: ToFloat16): boolean {
  return dtype === 'float16' && toFloat16 === 'f16';
}

/** A function from Elements to the bits of the nearest float16 numbers. */
export function narrowToFloat16(name: string, components: Components, toFloat16: ToFloat16): string {
  switch (toFloat16) {
    case 'bits':
      return narrowByBits(name);
    case 'f16':
      return narrowByWords(name, components, WORDS_BY_F16[components]);
    case 'pack':
      return narrowByWords(name, components, WORDS_BY_PACK[components]);
    default:
      return unreachable(toFloat16);
  }
}

function narrowByWords(name: string, components: Components, words: string): string {
  return wgsl`
    fn ${name}(v: Elements) -> ElementBits {
      let words = ${words};
      return ${BITS16_OF_WORDS[components]};
    }
  `;
}

const WORDS_BY_F16: Readonly<Record<Components, string>> = {
  1: 'bitcast<u32>(vec2h(f16(v), 0.0h))',
  2: 'bitcast<u32>(vec2h(v))',
  4: 'bitcast<vec2u>(vec4h(v))',
};

const WORDS_BY_PACK: Readonly<Record<Components, string>> = {
  1: 'pack2x16float(vec2f(v, 0.0))',
  2: 'pack2x16float(v)',
  4: 'vec2u(pack2x16float(v.xy), pack2x16float(v.zw))',
};

const BITS16_OF_WORDS: Readonly<Record<Components, string>> = {
  1: 'words',
  2: 'vec2u(words & 0xffffu, words >> 16u)',
  4: 'vec4u(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u)',
};

function narrowByBits(name: string): string {
  return wgsl`
    // Below 2^-14 the spacing of float16 is 2^-24, which is float32's own at 0.5: adding 0.5 rounds to it. Above, adding
    // half of the last place but one bit, and that bit, rounds as an integer, into the next power of two as well.
    fn ${name}(v: Elements) -> ElementBits {
      let bits = bitcast<ElementBits>(v);
      let magnitude = bits & ElementBits(0x7fffffffu);
      let normal = (magnitude + ElementBits(0xfffu) + ((magnitude >> ElementBits(13u)) & ElementBits(1u)) - ElementBits(112u << 23u)) >> ElementBits(13u);
      let small = bitcast<ElementBits>(bitcast<Elements>(magnitude) + Elements(0.5)) - ElementBits(0x3f000000u);
      var bits16 = select(normal, small, magnitude < ElementBits(0x38800000u));
      bits16 = select(bits16, ElementBits(0x7c00u), magnitude >= ElementBits(0x477ff000u));
      bits16 = select(bits16, ElementBits(0x7e00u), magnitude > ElementBits(0x7f800000u));
      return bits16 | ((bits >> ElementBits(16u)) & ElementBits(0x8000u));
    }
  `;
}

const NARROW_TO_BFLOAT16 = wgsl`
  fn narrow(v: Elements) -> ElementBits {
    let bits = bitcast<ElementBits>(v);
    let nearest = (bits + ElementBits(0x7fffu) + ((bits >> ElementBits(16u)) & ElementBits(1u))) >> ElementBits(16u);
    return select(nearest, ElementBits(0x7fc0u), (bits & ElementBits(0x7fffffffu)) > ElementBits(0x7f800000u));
  }

  fn rounded(v: Elements) -> Elements { return bitcast<Elements>(narrow(v) << ElementBits(16u)); }
`;
