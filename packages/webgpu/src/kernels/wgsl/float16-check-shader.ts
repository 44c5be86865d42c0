import type { Binding, ToFloat16 } from '../../plan.ts';
import { narrowToFloat16, usesF16, widen } from './float16.ts';
import { indented, wgsl } from './template.ts';
import { elementAliases } from './vectors.ts';

/** Workgroups of the check, one invocation for each of float16's 65,536 patterns. */
export const FLOAT16_CHECK_WORKGROUPS = 256;

/** What it binds. */
export const FLOAT16_CHECK_BINDINGS: readonly Binding[] = [
  { buffer: 'wrong', access: 'read_write' },
  { buffer: 'zero', access: 'read' },
];

/**
 * A shader that sets `wrong` to 1 where a device's own conversions between float32 and float16 are not what the contract
 * wants: for every float16 number, from it, and to it from the boundary to the next one, which is a tie, and from the float32
 * numbers on both sides of that; the tie with a number beyond float16 behind it in the vector, and before it.
 *
 * @param tried a function `tried(v: Elements) -> ElementBits`; another one in tests
 */
export function float16CheckCode(toFloat16: ToFloat16, tried: string = narrowToFloat16('tried', 4, toFloat16)): string {
  return indented(wgsl`
    ${usesF16('float16', toFloat16) && 'enable f16;'}
    ${elementAliases(4)}

    @group(0) @binding(0) var<storage, read_write> wrong: u32;
    // Read from memory, so that no compiler knows what is converted; its contents are 0.
    @group(0) @binding(1) var<storage, read> zero: u32;

    ${narrowToFloat16('nearest', 4, 'bits')}
    ${tried}
    ${widen({ dtype: 'float16', toFloat16 })}

    // The float32 bits of the float16 number with these bits; with odd = 1, of the tie between it and the next.
    fn number(bits16: u32, odd: u32) -> u32 {
      let magnitude = bits16 & 0x7fffu;
      let small = bitcast<u32>(f32(2u * magnitude + odd) * ${2 ** -25});
      let normal = (magnitude << 13u) + (112u << 23u) + (odd << 12u);
      let special = 0x7f800000u | ((magnitude & 0x3ffu) << 13u);
      return select(select(normal, small, magnitude < 0x400u), special, magnitude >= 0x7c00u) | ((bits16 & 0x8000u) << 16u);
    }

    fn is_nan(bits16: u32) -> bool { return (bits16 & 0x7fffu) > 0x7c00u; }

    fn same(a: ElementBits, b: ElementBits) -> bool {
      for (var i = 0u; i < 4u; i++) {
        if (a[i] != b[i] && !(is_nan(a[i]) && is_nan(b[i]))) { return false; }
      }
      return true;
    }

    @compute @workgroup_size(256)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      let bits16 = id.x ^ zero;
      let tie = number(bits16, 1u);
      let around = bitcast<Elements>(ElementBits(tie - 1u, tie, tie + 1u, number(bits16, 0u)));
      // 1e30, -70000, 1e-30 and float32's least.
      let far = bitcast<Elements>(ElementBits(0x7149f2cau, 0xc788b800u, 0x0da24260u, 1u) ^ ElementBits(zero));
      let mixed = Elements(around.y, far.x, far.y, around.y);
      let others = Elements(far.z, around.x, around.z, far.w);
      let exact = bitcast<vec2u>(widen(bits16 | (bits16 << 16u)));
      let back = number(bits16, 0u);
      let read = all(exact == vec2u(back)) || (is_nan(bits16) && all((exact & vec2u(0x7fffffffu)) > vec2u(0x7f800000u)));
      if (!read || !same(tried(around), nearest(around)) || !same(tried(mixed), nearest(mixed)) || !same(tried(others), nearest(others))) {
        wrong = 1u;
      }
    }
  `);
}
