import { type BackendProvider, createBackend } from '@rmsnorm/core';
import { compileInlined } from '../../src/compile.ts';
import { instantiate } from '../../src/instantiate.ts';
import { Scratch } from '../../src/scratch.ts';
import type { CuttableKernels } from '../../src/threads/cuttable-kernels.ts';
import { SharedHeap } from '../../src/threads/shared-heap.ts';
import { withSharedMemory } from '../../src/threads/shared-module.ts';
import { startTeam } from '../../src/threads/start-team.ts';
import { ThreadedDriver } from '../../src/threads/threaded-driver.ts';
import { ThreadedKernels } from '../../src/threads/threaded-kernels.ts';

/** wasm({ threads }), but calls of any size are cut, into chunks as small as can be: what suites of small cases need. */
export function cutEverything(threads: number): BackendProvider {
  const device = `WebAssembly SIMD, ${threads} threads, every call cut`;
  return {
    name: 'wasm',
    apiVersion: 1,
    probe: async () => ({ ok: true, device }),
    create: async ({ signal } = {}) => {
      const compiled = await compileInlined(withSharedMemory);
      if (!('module' in compiled)) throw new Error(compiled.reason);
      const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
      const heap = new SharedHeap(memory);
      const scratches = Array.from({ length: threads - 1 }, () => new Scratch(heap));
      const kernels = await instantiate(compiled.module, memory);
      const { control, stop } = await startTeam(threads, compiled.module, memory, signal);
      const cut = new ThreadedKernels(kernels as CuttableKernels, control, scratches, true, {
        call: 1,
        chunk: 1,
        wake: 0,
      });
      return createBackend(new ThreadedDriver(cut, heap, device, stop));
    },
  };
}
