import type { Bug } from '../../bug.ts';
import { PlainDriver } from '../../plain-driver.ts';

/** Blocks of memory: freed, viewed and wrapped. */
export const BLOCK_BUGS: readonly Bug[] = [
  {
    name: 'a block freed twice',
    fault: 'puts a freed block on the free list twice, so that two tensors share it',
    caughtBy: /^(backend|forward\/isolation)/,
    planted: class extends PlainDriver {
      override free(block: Uint8Array): void {
        super.free(block);
        if (this.adopted.has(block)) return;
        this.heap.live.add(block);
        super.free(block);
      }
    },
  },
  {
    name: 'nothing is ever freed',
    fault: 'keeps freed blocks, until its 64 MiB are full',
    caughtBy: /^backend/,
    planted: class extends PlainDriver {
      private used = 0;
      override alloc(bytes: number): Uint8Array {
        this.used += bytes;
        if (this.used > 64 * 2 ** 20) throw new RangeError(`out of memory: ${this.used} bytes`);
        return super.alloc(bytes);
      }
      override free(): void {}
    },
  },
  {
    name: 'view of a copy',
    fault: 'gives a copy of the memory, so that writing to it has no effect',
    caughtBy: /^backend\/tensor:check=view/,
    planted: class extends PlainDriver {
      override view(block: Uint8Array): Uint8Array {
        return block.slice();
      }
    },
  },
  {
    name: 'wrap copies',
    fault: 'copies the memory that it is to wrap',
    caughtBy: /^backend\/tensor:check=wrap/,
    planted: class extends PlainDriver {
      override adopt(handle: unknown, bytes: number): Uint8Array {
        const copy = super.adopt(handle, bytes).slice();
        this.adopted.add(copy);
        return copy;
      }
    },
  },
  {
    name: 'wrapped memory freed',
    fault: 'takes memory that it wrapped as its own when the tensor is disposed',
    caughtBy: /^backend\/tensor:check=wrap/,
    planted: class extends PlainDriver {
      override free(block: Uint8Array): void {
        this.heap.live.add(block);
        this.heap.free(block);
      }
    },
  },
  {
    name: 'wraps what is too small',
    fault: 'does not check the size of the memory that it wraps',
    caughtBy: /^backend\/tensor:check=wrap/,
    planted: class extends PlainDriver {
      override adopt(handle: unknown): Uint8Array {
        return super.adopt(handle, 0);
      }
    },
  },
];
