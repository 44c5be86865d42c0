import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ByteTarget, fileTarget } from './byte-target.ts';
import { fileError } from './file-error.ts';
import { type Place, placeOf, publish, syncFolder } from './output-place.ts';

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
  readonly target: ByteTarget;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #force: boolean;
  readonly #partial: string;
  /** What stood at its place when it was begun. */
  readonly #replaced: Place['replaced'];

  private constructor(file: FileHandle, path: string, force: boolean, partial: string, replaced: Place['replaced']) {
    this.#replaced = replaced;
    this.target = fileTarget(file);
    this.#file = file;
    this.#path = path;
    this.#force = force;
    this.#partial = partial;
  }

  /**
   * @param force whether an existing file may be replaced; a symbolic link is followed, and stays
   * @throws RMSNormError FILE_EXISTS, INVALID_FILE
   */
  static async create(path: string, force: boolean): Promise<ReplacedFile> {
    try {
      const place = await placeOf(path, force);
      const partial = join(dirname(place.path), partialName(place.path));
      // Nobody may read more of it than of the file that it will replace, whose owner and permissions come at the end.
      // Made at once, so that no signal comes between the file and the note that there is one.
      closeSync(openSync(partial, 'wx', place.replaced ? 0o600 : 0o666));
      partials.add(partial);
      const file = await open(partial, 'r+');
      return new ReplacedFile(file, path, force, partial, place.replaced);
    } catch (error) {
      throw fileError(error, `write ${path}`);
    }
  }

  /**
   * Puts the file in its place.
   * @param check is called when all is on the disk, and throws where the file shall not take its place
   * @throws RMSNormError FILE_EXISTS where a file came to stand there meanwhile and may not be replaced; INVALID_FILE
   */
  async commit(check: () => Promise<void>): Promise<void> {
    try {
      await this.#file.sync();
      await check();
      const place = await publish(this.#file, this.#partial, this.#path, this.#force, this.#replaced);
      partials.delete(this.#partial);
      await syncFolder(dirname(place.path));
    } catch (error) {
      await this.discard();
      throw fileError(error, `write ${this.#path}`);
    }
  }

  /** Deletes what was written, unless it is in its place. Never throws. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    if (!partials.delete(this.#partial)) return;
    await rm(this.#partial, { force: true }).catch(() => {});
  }
}

function partialName(path: string): string {
  const suffix = `.${randomBytes(4).toString('hex')}${PARTIAL_SUFFIX}`;
  const base = Buffer.from(basename(path)).subarray(0, MAX_NAME_BYTES - suffix.length);
  // A name that is cut inside a character would not be read again as the same name.
  return `${base.toString().replace(/\uFFFD+$/, '')}${suffix}`;
}
