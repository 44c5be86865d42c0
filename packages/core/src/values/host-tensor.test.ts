import { describe, expect, test } from 'vitest';
import { code } from '../../test/samples.ts';
import { encode } from './encoding.ts';
import type { HostData } from './host-data.ts';
import { hostTensor } from './host-tensor.ts';

describe('hostTensor', () => {
  test('takes typed arrays as they are, and rounds numbers once', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    expect(hostTensor(data, [2, 2])).toEqual({ dtype: 'float32', shape: [2, 2], data });
    expect(hostTensor(data).data).toBe(data);
    const bits = Uint16Array.of(1, 2);
    expect(hostTensor(bits, [2], 'bfloat16')).toEqual({ dtype: 'bfloat16', shape: [2], data: bits });
    expect(hostTensor([1, 0.1], [2, 1], 'float16')).toEqual({
      dtype: 'float16',
      shape: [2, 1],
      data: Uint16Array.of(0x3c00, 0x2e66),
    });
    expect(hostTensor(Float32Array.of(0.1), [1], 'bfloat16').data).toEqual(encode([0.1], 'bfloat16'));
  });

  test('a shape is a copy, which nobody changes', () => {
    const shape = [1, 2];
    const tensor = hostTensor([1, 2], shape);
    shape[0] = 9;
    expect(tensor.shape).toEqual([1, 2]);
    expect(Object.isFrozen(tensor.shape)).toBe(true);
  });

  test.each<[Parameters<typeof hostTensor>[0], number[], number[]]>([
    [[1, 2, 3], [3], [1, 2, 3]],
    [
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2],
      [1, 2, 3, 4],
    ],
    [
      [
        [[1], [2]],
        [[3], [4]],
        [[5], [6]],
      ],
      [3, 2, 1],
      [1, 2, 3, 4, 5, 6],
    ],
    [
      [Float32Array.of(1, 2), [3, 4]],
      [2, 2],
      [1, 2, 3, 4],
    ],
    [[[], []], [2, 0], []],
    [[], [0], []],
  ])('nested arrays have their own shape: %j', (data, shape, elements) => {
    const tensor = hostTensor(data as number[]);
    expect(tensor).toEqual({ dtype: 'float32', shape, data: Float32Array.from(elements) });
    expect(hostTensor(data as number[], shape)).toEqual(tensor);
  });

  const deep: unknown[] = [];
  deep.push(deep);
  test.each<[string, unknown, unknown, unknown, RegExp]>([
    [
      'SHAPE',
      [[1, 2], [3]],
      undefined,
      undefined,
      /shape \[2, 2\] need 2 elements in every list of axis 1, got one of 1/,
    ],
    ['SHAPE', [[1, 2], 3], undefined, undefined, /axis 1, got 3/],
    [
      'SHAPE',
      [
        [1, 2],
        [3, 4],
      ],
      [4],
      undefined,
      /have shape \[2, 2\], not \[4\]/,
    ],
    ['SHAPE', deep, undefined, undefined, /nested more than 32 deep/],
    ['SHAPE', [1, 2], [3], undefined, /has 3 elements, the data has 2/],
    ['DTYPE', [[1, '2']], undefined, undefined, /element 1 is no number, but '2'/],
    ['DTYPE', [1, [2]], undefined, undefined, /element 1 is no number, but \[2\]/],
    ['DTYPE', new Float64Array(2), undefined, undefined, /got Float64Array/],
    ['DTYPE', new Uint16Array(2), [2], undefined, /name 'float16' or 'bfloat16'/],
    ['DTYPE', 'text', undefined, undefined, /got 'text'/],
    ['DTYPE', [1], [1], 'float64', /dtype 'float64'/],
  ])('%s for %j of shape %j and dtype %j', (expected, data, shape, dtype, message) => {
    const make = () => hostTensor(data as HostData as Float32Array, shape as number[], dtype as 'float32');
    expect(make).toThrow(code(expected));
    expect(make).toThrow(message);
  });
});
