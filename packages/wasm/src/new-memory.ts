import { RMSNormError } from '@rmsnorm/core';
import { ADDRESS_SPACE, LEAST_BYTES } from './heap.ts';
import { PAGE_BYTES } from './kernels.ts';
import { type WasmMemory, webAssembly } from './web-assembly.ts';

/** A memory, and how far it may grow. */
export interface Room {
  readonly memory: WasmMemory;
  /** The most bytes that it may have. */
  readonly limit: number;
  /** What set the limit, if not maxBytes, in words to follow it. */
  readonly limitedBy: string | undefined;
}

/**
 * A small memory that may grow to `maxBytes`. An engine that reserves all of these at once may refuse them, as iOS does
 * for shared memory: it is asked for half, and so on.
 * @throws RMSNormError OUT_OF_MEMORY
 */
export function newMemory(maxBytes: number = ADDRESS_SPACE, shared: boolean): Room {
  let limitedBy: string | undefined;
  for (let limit = maxBytes; ; limit /= 2, limitedBy = ' (the engine refused more)') {
    try {
      const pages = { initial: LEAST_BYTES / PAGE_BYTES, maximum: Math.floor(limit / PAGE_BYTES) };
      return { memory: new (webAssembly()!.Memory)({ ...pages, shared }), limit, limitedBy };
    } catch (cause) {
      if (limit >= 2 * LEAST_BYTES) continue;
      throw new RMSNormError(
        'OUT_OF_MEMORY',
        `the engine has no room for a WebAssembly memory of maxBytes ${maxBytes}, nor of ${limit}: dispose backends`,
        { cause },
      );
    }
  }
}
