import { expect, test } from 'vitest';
import { bfloat16Bits, bfloat16Value, decode, encode, float16Bits, float16Value } from './encoding.ts';

const words = Array.from({ length: 65536 }, (_, bits) => bits);

test.each([
  ['float16', float16Bits, float16Value],
  ['bfloat16', bfloat16Bits, bfloat16Value],
] as const)('every %s survives a round trip, and its neighbours round to it', (_name, encodeBits, decodeBits) => {
  for (const bits of words) {
    const value = decodeBits(bits);
    if (Number.isNaN(value)) {
      expect(decodeBits(encodeBits(value))).toBeNaN();
      continue;
    }
    if (encodeBits(value) !== bits) expect.fail(`${bits} became ${encodeBits(value)}`);
    const next = decodeBits(bits + 1);
    if (!Number.isFinite(value) || !Number.isFinite(next) || (bits & 0x7fff) === 0x7fff) continue;
    // Half way goes to the even neighbour; a hair off half way, seen in float64 alone, goes to the nearer one.
    const half = (value + next) / 2;
    const hair = (next - value) * 2 ** -40;
    const even = bits % 2 === 0 ? bits : bits + 1;
    if (encodeBits(half) !== even) expect.fail(`half way above ${value} went to ${decodeBits(encodeBits(half))}`);
    if (encodeBits(half - hair) !== bits) expect.fail(`below half way above ${value} went up`);
    if (encodeBits(half + hair) !== bits + 1) expect.fail(`above half way above ${value} went down`);
  }
});

test('overflow is infinity, from half a step beyond the largest on', () => {
  expect(float16Bits(65519.999)).toBe(0x7bff);
  expect(float16Bits(65520)).toBe(0x7c00);
  expect(float16Bits(-1e300)).toBe(0xfc00);
  expect(bfloat16Bits(bfloat16Value(0x7f7f))).toBe(0x7f7f);
  expect(bfloat16Bits(3.4e38)).toBe(0x7f80);
  expect(bfloat16Bits(-1e300)).toBe(0xff80);
});

test('zeros keep their sign, underflow goes to zero', () => {
  expect([0, -0, 2 ** -25, -(2 ** -26), 2 ** -24].map(float16Bits)).toEqual([0, 0x8000, 0, 0x8000, 1]);
  expect([0, -0, 1e-46].map(bfloat16Bits)).toEqual([0, 0x8000, 0]);
});

test('arrays: raw bits for 16-bit types, values for float32', () => {
  expect(encode([1, 0.1], 'float32')).toEqual(Float32Array.of(1, 0.1));
  expect(encode([1, 0.1], 'float16')).toEqual(Uint16Array.of(0x3c00, 0x2e66));
  expect(encode([1, 0.1], 'bfloat16')).toEqual(Uint16Array.of(0x3f80, 0x3dcd));
  expect(decode(Uint16Array.of(0x3c00, 0xc000), 'float16')).toEqual(Float32Array.of(1, -2));
  expect(decode(Uint16Array.of(0x3f80, 0xc000), 'bfloat16')).toEqual(Float32Array.of(1, -2));
});
