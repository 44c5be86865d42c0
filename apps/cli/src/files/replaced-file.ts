import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './file-error.ts';
import { type Place, placeOf, publishNew, syncFolder } from './output-place.ts';

/**
 * Ends the name of a file that is being written. One that stays behind is of a process that was killed, and may be
 * deleted.
 */
const PARTIAL_SUFFIX = '.rmsnorm-partial';

/** File systems allow 255 bytes in a name. */
const MAX_NAME_BYTES = 255;

/** The partial files of this process: what to delete when it must end at once. */
const partials = new Set<string>();

/** Deletes all partial files of this process: for the `exit` event, where nothing can be awaited. */
export function removePartialFiles(): void {
  for (const path of partials) rmSync(path, { force: true });
  partials.clear();
}

/**
 * A file that appears whole or not at all. It is written under another name beside its place, flushed to the disk, and
 * renamed at the end. Until then, what stood at its place stays as it was.
 */
export class ReplacedFile {
  readonly file: FileHandle;
  readonly #target: Place;
  readonly #partial: string;

  private constructor(file: FileHandle, target: Place, partial: string) {
    this.file = file;
    this.#target = target;
    this.#partial = partial;
  }

  /**
   * @param force whether an existing file may be replaced; a symbolic link is followed, and stays
   * @throws RMSNormError FILE_EXISTS, INVALID_FILE
   */
  static async create(path: string, force: boolean): Promise<ReplacedFile> {
    try {
      const target = await placeOf(path, force);
      const partial = join(dirname(target.path), partialName(target.path));
      const file = await open(partial, 'wx', target.mode ?? 0o666);
      partials.add(partial);
      return new ReplacedFile(file, target, partial);
    } catch (error) {
      throw fileError(error, `write ${path}`);
    }
  }

  /**
   * Puts the file in its place.
   * @throws RMSNormError FILE_EXISTS where a file came to stand there meanwhile, INVALID_FILE
   */
  async commit(): Promise<void> {
    const { path, mode } = this.#target;
    try {
      if (mode !== null) await this.file.chmod(mode);
      await this.file.sync();
      await this.file.close();
      if (mode !== null) await rename(this.#partial, path);
      else await publishNew(this.#partial, path);
      partials.delete(this.#partial);
    } catch (error) {
      await this.discard();
      throw fileError(error, `write ${path}`);
    }
    await syncFolder(dirname(path));
  }

  /** Deletes what was written. Never throws. */
  async discard(): Promise<void> {
    await this.file.close().catch(() => {});
    await rm(this.#partial, { force: true }).catch(() => {});
    partials.delete(this.#partial);
  }
}

function partialName(path: string): string {
  const suffix = `.${randomBytes(4).toString('hex')}${PARTIAL_SUFFIX}`;
  const base = Buffer.from(basename(path)).subarray(0, MAX_NAME_BYTES - suffix.length);
  // A name that is cut inside a character would not be read again as the same name.
  return `${base.toString().replace(/\uFFFD+$/, '')}${suffix}`;
}
