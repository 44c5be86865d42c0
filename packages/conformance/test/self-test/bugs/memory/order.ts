import type { ForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { PlainDriver } from '../../plain-driver.ts';

type IO = ForwardIO<Uint8Array>;

/** Writes, launches and reads that do not take effect in the order of the calls. */
export const ORDER_BUGS: readonly Bug[] = [
  {
    name: 'write keeps a reference',
    fault: "reads the caller's array at the first launch instead of copying it at once",
    caughtBy: /^backend\/tensor:check=copies/,
    planted: class extends PlainDriver {
      private readonly pending = new Map<Uint8Array, Uint8Array>();
      override write(block: Uint8Array, bytes: Uint8Array): void {
        this.pending.set(block, bytes);
      }
      override free(block: Uint8Array): void {
        this.pending.delete(block);
        super.free(block);
      }
      override view(block: Uint8Array): Uint8Array {
        this.settle();
        return block;
      }
      override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
        this.settle();
        return super.read(block, into);
      }
      override forward(p: Problem, io: IO): void {
        this.settle();
        super.forward(p, io);
      }
      private settle(): void {
        for (const [block, bytes] of this.pending) block.set(bytes);
        this.pending.clear();
      }
    },
  },
  {
    name: 'writes overtake launches',
    fault: 'runs launches at the next read, writes at once',
    caughtBy: /^(forward\/isolation|backend\/)/,
    planted: class extends PlainDriver {
      private readonly queue: (() => void)[] = [];
      override forward(p: Problem, io: IO): void {
        this.queue.push(() => super.forward(p, io));
      }
      override view(block: Uint8Array): Uint8Array {
        this.flush();
        return block;
      }
      override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
        this.flush();
        return super.read(block, into);
      }
      flush(): void {
        for (const launch of this.queue.splice(0)) launch();
      }
    },
  },
  {
    name: 'read does not wait',
    fault: 'reads before the launches that were enqueued have run',
    caughtBy: /^(forward\/values|backend\/)/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        setTimeout(() => super.forward(p, io), 1);
      }
    },
  },
  {
    name: 'reads at once share a stage',
    fault: 'waits between copying into its one staging buffer and copying out of it',
    caughtBy: /^backend\/tensor:check=many-reads-at-once/,
    planted: class extends PlainDriver {
      private stage = new Uint8Array(0);
      override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
        this.stage = block.slice();
        await null;
        into.set(this.stage.subarray(0, into.length));
      }
    },
  },
];
