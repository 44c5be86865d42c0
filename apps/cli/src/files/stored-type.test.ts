import { expect, test } from 'vitest';
import { castToFloat32, type StoredType } from './stored-type.ts';

function cast(array: ArrayBufferView<ArrayBuffer>, type: StoredType, bigEndian = false): number[] {
  const into = new Float32Array(array.byteLength / (array as unknown as Uint8Array).BYTES_PER_ELEMENT);
  castToFloat32(new Uint8Array(array.buffer), type, bigEndian, into);
  return [...into];
}

// The numbers on the right are numpy.array(...).astype('<f4')'s.
test.each<[StoredType, ArrayBufferView<ArrayBuffer>, number[]]>([
  [
    'float64',
    Float64Array.of(0.1, 1e300, -1e-50, 1 + 2 ** -24 + 2 ** -50),
    [0.10000000149011612, Infinity, -0, 1 + 2 ** -23],
  ],
  ['float16', Uint16Array.of(0x3c00, 0x0001), [1, 2 ** -24]],
  ['bfloat16', Uint16Array.of(0x3f80, 0xc049), [1, -3.140625]],
  ['float32', Float32Array.of(1.5, -0), [1.5, -0]],
  ['bool', Uint8Array.of(0, 1, 255), [0, 1, 1]],
  ['int8', Int8Array.of(-128, 127), [-128, 127]],
  ['uint8', Uint8Array.of(0, 255), [0, 255]],
  ['int16', Int16Array.of(-32768, 5), [-32768, 5]],
  ['uint16', Uint16Array.of(65535, 5), [65535, 5]],
  ['int32', Int32Array.of(-(2 ** 31), 16777217, 16777219), [-(2 ** 31), 16777216, 16777220]],
  ['uint32', Uint32Array.of(4294967295, 4294967167), [4294967296, 4294967040]],
  // 2^54 + 2^30 + 1 is above the tie between two float32, and float64 rounds it to that tie.
  [
    'int64',
    BigInt64Array.of(-5n, 2n ** 54n + 2n ** 30n + 1n, -(2n ** 63n), -(2n ** 54n) - 2n ** 30n - 1n),
    [-5, 2 ** 54 + 2 ** 31, -(2 ** 63), -(2 ** 54) - 2 ** 31],
  ],
  ['uint64', BigUint64Array.of(2n ** 64n - 1n, 2n ** 54n + 2n ** 30n), [2 ** 64, 2 ** 54]],
])('%s', (type, array, expected) => {
  expect(cast(array, type)).toEqual(expected);
  const size = (array as unknown as Uint8Array).BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(array.buffer);
  // big endian: the bytes of each element the other way round.
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  expect(cast(array, type, true)).toEqual(expected);
});
