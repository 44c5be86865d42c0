import type { AbortSignalLike, HostForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { PlainDriver } from '../../plain-driver.ts';

const MEBIBYTE = 2 ** 20;

/** Of an array beyond so many bytes, the end that is not copied. */
function cut(bytes: Uint8Array, beyond: number, lost: number): Uint8Array {
  return bytes.length > beyond ? bytes.subarray(0, bytes.length - lost) : bytes;
}

const ENDS: readonly { readonly mebibytes: number; readonly lost: number }[] = [
  { mebibytes: 1, lost: 4 },
  { mebibytes: 4, lost: 20 },
  { mebibytes: 16, lost: 4 },
];

/** Transfers whose end is lost, and reads that share what they must not. */
export const TRANSFER_BUGS: readonly Bug[] = [
  ...ENDS.flatMap(({ mebibytes, lost }): Bug[] => [
    {
      name: `write loses the end beyond ${mebibytes} MiB`,
      fault: `writes in pieces beyond ${mebibytes} MiB, and leaves out the last one`,
      caughtBy: /^backend\/tensor:check=transfer/,
      planted: class extends PlainDriver {
        override write(block: Uint8Array, bytes: Uint8Array): void {
          super.write(block, cut(bytes, mebibytes * MEBIBYTE, lost));
        }
      },
    },
    {
      name: `read loses the end beyond ${mebibytes} MiB`,
      fault: `has a stage of ${mebibytes} MiB, and leaves out what is left behind the last full one`,
      caughtBy: /^backend\/tensor:check=transfer/,
      planted: class extends PlainDriver {
        override read(block: Uint8Array, into: Uint8Array): Promise<void> {
          return super.read(block, cut(into, mebibytes * MEBIBYTE, lost));
        }
      },
    },
    {
      name: `apply loses the end beyond ${mebibytes} MiB`,
      fault: `goes in pieces beyond ${mebibytes} MiB, and leaves out the last rows`,
      caughtBy: /^forward\/apply:transfer/,
      planted: class extends PlainDriver {
        override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
          const outer = io.x.length > mebibytes * MEBIBYTE ? p.outer - 1 : p.outer;
          return super.hostForward({ ...p, outer }, io);
        }
      },
    },
  ]),
  {
    name: 'an abort empties every stage',
    fault: 'clears all stages when one read is aborted, those of other reads too',
    caughtBy: /^backend\/tensor:check=data-aborted-beside/,
    planted: class extends PlainDriver {
      private readonly stages = new Set<Uint8Array>();
      override async read(block: Uint8Array, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
        const stage = block.slice(0, into.length);
        this.stages.add(stage);
        signal?.addEventListener('abort', () => {
          for (const other of this.stages) other.fill(0);
        });
        await new Promise<void>((resolve) => setTimeout(resolve, 2));
        if (signal?.aborted) throw signal.reason;
        into.set(stage);
        this.stages.delete(stage);
      }
    },
  },
  {
    name: 'an abort rejects the read behind it',
    fault: 'waits for the read before: where that one is aborted, the next rejects with its reason',
    caughtBy: /^backend\/tensor:check=data-aborted-beside/,
    planted: class extends PlainDriver {
      private last: Promise<void> = Promise.resolve();
      override read(block: Uint8Array, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
        const before = this.last;
        this.last = (async () => {
          await before;
          await new Promise<void>((resolve) => setTimeout(resolve, 1));
          if (signal?.aborted) throw signal.reason;
          await super.read(block, into);
        })();
        return this.last;
      }
    },
  },
  {
    name: 'reads of one tensor share a promise',
    fault: 'joins a read to one of the same memory that runs, whose signal then aborts both',
    caughtBy: /^backend\/tensor:check=data-aborted-beside/,
    planted: class extends PlainDriver {
      private readonly running = new Map<Uint8Array, Promise<Uint8Array>>();
      override async read(block: Uint8Array, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
        const read = async (): Promise<Uint8Array> => {
          await new Promise<void>((resolve) => setTimeout(resolve, 1));
          this.running.delete(block);
          if (signal?.aborted) throw signal.reason;
          return block.slice();
        };
        const joined = this.running.get(block) ?? read();
        this.running.set(block, joined);
        into.set((await joined).subarray(0, into.length));
      }
    },
  },
];
