import { WasmDriver } from '../driver.ts';
import type { Heap } from '../heap.ts';
import type { Kernels } from '../kernels.ts';

// Workers wait in a loop, which the engine's own collection does not end: it is ended with the driver's memory.
const forgotten = new FinalizationRegistry<() => Promise<void>>((stop) => void stop());

/** The driver, whose kernels share their work with workers; they end with it. */
export class ThreadedDriver extends WasmDriver {
  readonly #stop: () => Promise<void>;

  constructor(kernels: Kernels, heap: Heap, device: string, stop: () => Promise<void>) {
    super(kernels, heap, device);
    this.#stop = stop;
    forgotten.register(this, stop, this);
  }

  override async dispose(): Promise<void> {
    super.dispose();
    forgotten.unregister(this);
    await this.#stop();
  }
}
