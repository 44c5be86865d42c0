import { type BackendProvider, createBackend } from '@rmsnorm/core';
import { compileInlined } from '../../src/compile.ts';
import { instantiate } from '../../src/instantiate.ts';
import { withSharedMemory } from '../../src/threads/shared-module.ts';
import { startDriver } from '../../src/threads/start-driver.ts';

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
      const { module } = compiled;
      const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
      const kernels = await instantiate(module, memory);
      const sizes = { call: 1, chunk: 1, wake: 0 };
      const options = { signal, maySleep: true, sizes };
      return createBackend(await startDriver(device, threads, { module, memory, kernels }, options));
    },
  };
}
