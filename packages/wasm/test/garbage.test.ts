import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Backend, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { beforeAll, describe, expect, test } from 'vitest';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that `call` leaves behind per call: on the JavaScript heap, and in array buffers. */
function garbageOf(call: () => void): { heap: number; buffers: number } {
  for (let i = 0; i < 2000; i++) call();
  // Few enough that nothing is collected meanwhile.
  const calls = 100;
  collect();
  const heap = getHeapStatistics().used_heap_size;
  const buffers = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < calls; i++) call();
  return {
    heap: (getHeapStatistics().used_heap_size - heap) / calls,
    buffers: (process.memoryUsage().arrayBuffers - buffers) / calls,
  };
}

let backend: Backend;
beforeAll(async () => {
  backend = await wasm().create();
});

describe('forward with out, once warm', () => {
  const sizes: readonly (readonly [rows: number, dim: number])[] = [
    [1, 64],
    [64, 4096],
  ];
  for (const dtype of ['float32', 'bfloat16'] as const) {
    test(`leaves nothing on the JavaScript heap that grows with the tensor: ${dtype}`, () => {
      const garbage = sizes.map(([rows, dim]) => {
        const norm = new RMSNorm({ dim, axis: -1, bias: true });
        const x = backend.empty([rows, dim], dtype);
        x.view!().fill(1);
        const out = backend.empty([rows, dim], dtype);
        return garbageOf(() => norm.forward(x, out));
      });
      // A call makes a few objects for its arguments, about 1 KB whatever the tensor; a byte for each element of the large
      // one would be 262,144.
      for (const { heap, buffers } of garbage) {
        expect(heap).toBeLessThan(4096);
        expect(buffers).toBeLessThan(1);
      }
    });
  }

  test('is told apart by this test from a call that copies the tensor', () => {
    const x = backend.empty([1, 4096]);
    expect(garbageOf(() => void x.data()).buffers).toBeGreaterThan(4 * 4096 * 0.5);
    expect(garbageOf(() => void Array.from({ length: 2048 }, (_, i) => i)).heap).toBeGreaterThan(4096);
  });
});
