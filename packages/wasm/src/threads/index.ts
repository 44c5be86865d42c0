import { type Compiled, compileInlined, type Refusal } from '../compile.ts';
import type { WasmModule } from '../web-assembly.ts';
import { host, whyNoThreads } from './host.ts';
import { withSharedMemory } from './shared-module.ts';
import { startDriver } from './start-driver.ts';

/** Whether the warning was given, which is given once. */
let warned = false;

/**
 * What a provider with more than one thread runs: the module on shared memory, and workers. Without shared memory it is
 * what one thread runs; a warning says so, once, and so does the name of the device.
 * @param given a module of the caller, for shared memory, or undefined for the inlined one
 */
export async function compileThreaded(threads: number, given: WasmModule | undefined): Promise<Compiled | Refusal> {
  const why = whyNoThreads();
  if (why !== null) return onOneThread(threads, given, why);
  const compiled = given ? { module: given } : await compileInlined(withSharedMemory);
  if (!('module' in compiled)) return compiled;
  const { module } = compiled;
  const device = `WebAssembly SIMD, ${threads} threads`;
  return {
    module,
    device,
    driverOf: (kernels, memory, maxBytes, signal) =>
      startDriver(device, threads, { module, kernels, memory, maxBytes }, { signal, maySleep: mayWait() }),
  };
}

async function onOneThread(threads: number, given: WasmModule | undefined, why: string): Promise<Compiled | Refusal> {
  const compiled = given ? { module: given } : await compileInlined();
  if (!('module' in compiled)) return compiled;
  if (!warned) {
    host().console?.warn(
      `wasm({ threads: ${threads} }) of @rmsnorm/wasm runs on one thread, as ${why}; pages send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp to be`,
    );
  }
  warned = true;
  const device = `WebAssembly SIMD, one thread, not ${threads}: ${why}`;
  return { ...compiled, device };
}

/** Whether this thread may sleep. The main thread of a page must not. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}
