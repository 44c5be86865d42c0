import type { FileHandle } from 'node:fs/promises';
import { RMSNormError } from '@rmsnorm/core';

/**
 * Fills `into` from `position` on.
 * @throws RMSNormError INVALID_FILE where the file ends before: it was cut off while it was read
 */
export async function readExactly(file: FileHandle, into: Uint8Array, position: number, name: string): Promise<void> {
  let done = 0;
  while (done < into.byteLength) {
    const { bytesRead } = await file.read(into, done, into.byteLength - done, position + done);
    if (bytesRead === 0) {
      throw new RMSNormError(
        'INVALID_FILE',
        `${name} ended at byte ${position + done}: it became shorter while it was read`,
      );
    }
    done += bytesRead;
  }
}

/** Writes all of `from` at `position`. */
export async function writeExactly(file: FileHandle, from: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < from.byteLength) {
    done += (await file.write(from, done, from.byteLength - done, position + done)).bytesWritten;
  }
}
