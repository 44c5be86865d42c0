import type { AbortSignalLike } from '@rmsnorm/core';
import { DESCRIPTOR_BYTES } from '../generated/descriptor/index.ts';
import type { Kernels } from '../kernels.ts';
import type { Room } from '../new-memory.ts';
import { Scratch } from '../scratch.ts';
import type { WasmMemory, WasmModule } from '../web-assembly.ts';
import { CHUNKS_PER_THREAD } from './plan.ts';
import { SharedHeap } from './shared-heap.ts';
import { startTeam } from './start-team.ts';
import { ThreadedDriver } from './threaded-driver.ts';
import { SIZES, type Sizes, ThreadedKernels } from './threaded-kernels.ts';
import type { WorkerSource } from './worker-source.ts';

/** A module for shared memory, and its instance for the calling thread. */
interface Instance extends Partial<Room> {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly kernels: Kernels;
}

interface StartOptions {
  readonly signal?: AbortSignalLike | undefined;
  /** Whether the calling thread may sleep. The main thread of a page must not. */
  readonly maySleep: boolean;
  readonly sizes?: Sizes;
  /** Where workers come from, if the caller says so. */
  readonly source?: WorkerSource | undefined;
}

/**
 * Starts the workers for `threads` threads, including the calling one, and returns the driver that shares its work with
 * them.
 * @throws NoWorkers; RMSNormError OUT_OF_MEMORY
 */
export async function startDriver(
  device: string,
  threads: number,
  { module, kernels, memory, limit, limitedBy }: Instance,
  { signal, maySleep, sizes = SIZES, source }: StartOptions,
): Promise<ThreadedDriver> {
  const heap = new SharedHeap(memory, limit, limitedBy);
  const scratches = Array.from({ length: threads - 1 }, () => new Scratch(heap));
  const chunks = heap.alloc(threads * CHUNKS_PER_THREAD * DESCRIPTOR_BYTES);
  const { control, stop } = await startTeam(threads, { module, memory, chunks, source }, signal);
  const shared = new ThreadedKernels(kernels, { control, memory, chunks, scratches, maySleep }, sizes);
  return new ThreadedDriver(shared, heap, device, stop);
}
