import { WasmDriver } from '../driver.ts';
import type { Heap } from '../heap.ts';
import type { Kernels } from '../kernels.ts';

// Garbage collection does not end workers, which wait in a loop. So they are stopped when the driver is collected.
const forgotten = new FinalizationRegistry<() => Promise<void>>((stop) => void stop());

/** The driver with threads: its kernels share their work with workers, which end with it. */
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
