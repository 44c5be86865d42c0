import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Backend, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { beforeAll, describe, expect, test } from 'vitest';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Garbage {
  /** Bytes per call on the JavaScript heap. */
  readonly heap: number;
  /** Bytes per call in array buffers. */
  readonly buffers: number;
}

/**
 * What calls leave behind, once warm, measured twenty times: what the engine does meanwhile, compiling, disturbs some of
 * them.
 */
function garbageOf(call: () => void): Garbage[] {
  for (let i = 0; i < 2000; i++) call();
  // Few enough that nothing is collected meanwhile.
  const calls = 100;
  return Array.from({ length: 20 }, () => {
    collect();
    const heap = getHeapStatistics().used_heap_size;
    const buffers = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < calls; i++) call();
    return {
      heap: (getHeapStatistics().used_heap_size - heap) / calls,
      buffers: (process.memoryUsage().arrayBuffers - buffers) / calls,
    };
  });
}

function least(garbage: readonly Garbage[], key: keyof Garbage): number {
  return Math.min(...garbage.map((measured) => measured[key]));
}

function most(garbage: readonly Garbage[], key: keyof Garbage): number {
  return Math.max(...garbage.map((measured) => measured[key]));
}

let backend: Backend;
beforeAll(async () => {
  backend = await wasm().create();
});

describe('forward with out, once warm', () => {
  for (const dtype of ['float32', 'bfloat16'] as const) {
    test.each([
      [1, 64],
      [64, 4096],
    ])(`leaves nothing on the JavaScript heap that grows with the tensor: ${dtype} %i x %i`, (rows, dim) => {
      const norm = new RMSNorm({ dim, axis: -1, bias: true });
      const x = backend.empty([rows, dim], dtype);
      // Ones: what is not plain, such as the bits 1 of a bfloat16, takes a slow way, and the engine's own litter grows
      // with time.
      x.view!().fill(dtype === 'float32' ? 1 : 0x3f80);
      const out = backend.empty([rows, dim], dtype);
      const garbage = garbageOf(() => norm.forward(x, out));
      // A call makes a few objects for its arguments, about 1 KB whatever the tensor; a byte for each element of the
      // large one would be 262,144.
      expect(least(garbage, 'heap')).toBeLessThan(2048);
      expect(least(garbage, 'buffers')).toBeLessThan(1);
    });
  }

  test('is told apart by this test from a call that copies a row', () => {
    const x = backend.empty([1, 4096]);
    expect(
      most(
        garbageOf(() => void x.data()),
        'buffers',
      ),
    ).toBeGreaterThan(8192);
    expect(
      most(
        garbageOf(() => void Array.from({ length: 1024 }, (_, i) => i)),
        'heap',
      ),
    ).toBeGreaterThan(4096);
  });
});
