import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, link, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RMSNormError } from '@rmsnorm/core';
import { fileError } from './file-error.ts';

/** Ends the name of a file that is still being written; one that stays behind was killed there, and may be deleted. */
const PARTIAL_SUFFIX = '.rmsnorm-partial';

/** File systems allow 255 bytes in a name. */
const MAX_NAME_BYTES = 255;

/** Partial files of this process, for a process that must end at once. */
const partials = new Set<string>();

/** Deletes all partial files of this process: for the `exit` event, where nothing can be awaited. */
export function removePartialFiles(): void {
  for (const path of partials) rmSync(path, { force: true });
  partials.clear();
}

/**
 * A file that appears whole or not at all: it is written beside its place under another name, flushed to the disk,
 * and renamed at the end. Until then whatever stood at its place stays as it was.
 */
export class ReplacedFile {
  readonly file: FileHandle;
  readonly #target: Target;
  readonly #partial: string;

  private constructor(file: FileHandle, target: Target, partial: string) {
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
      const target = await targetOf(path, force);
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
      else await this.#publishNew(path);
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

  /** Unlike a rename, a hard link is refused by the system where there is a file now. */
  async #publishNew(path: string): Promise<void> {
    try {
      await link(this.#partial, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path);
      // A file system without hard links (FAT, some network shares).
      if (await lstat(path).catch(() => null)) throw exists(path);
      await rename(this.#partial, path);
      return;
    }
    await rm(this.#partial, { force: true });
  }
}

interface Target {
  readonly path: string;
  /** Permissions of the file that is replaced; null where there is none. */
  readonly mode: number | null;
}

async function targetOf(path: string, force: boolean): Promise<Target> {
  const found = await lstat(path).catch(absent);
  if (found === null) {
    await assertFolder(path);
    return { path, mode: null };
  }
  if (found.isDirectory()) throw new RMSNormError('INVALID_FILE', `${path} is a folder: name a file in it`);
  if (!force) throw exists(path);
  const target = found.isSymbolicLink() ? await linkTarget(path) : path;
  const there = await stat(target).catch(absent);
  if (there === null) {
    await assertFolder(target);
    return { path: target, mode: null };
  }
  if (there.isDirectory()) throw new RMSNormError('INVALID_FILE', `${path} is a link to a folder: name a file in it`);
  if (!there.isFile()) {
    throw new RMSNormError(
      'INVALID_FILE',
      `${path} is a pipe or a device; the output is a file, put in place in one step when it is complete`,
    );
  }
  return { path: target, mode: there.mode & 0o777 };
}

/** Where a symbolic link leads, also where there is nothing yet. */
async function linkTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const next = resolve(dirname(path), await readlink(path));
    const found = await lstat(next).catch(absent);
    return found?.isSymbolicLink() ? linkTarget(next) : next;
  }
}

async function assertFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const found = await stat(folder).catch(absent);
  if (found?.isDirectory()) return;
  const problem = found ? 'is not a folder' : 'does not exist: make it with mkdir -p';
  throw new RMSNormError('INVALID_FILE', `cannot write ${path}: the folder ${folder} ${problem}`);
}

async function syncFolder(folder: string): Promise<void> {
  // Windows and some network file systems have no such thing; the file itself is on the disk already.
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function partialName(path: string): string {
  const suffix = `.${randomBytes(4).toString('hex')}${PARTIAL_SUFFIX}`;
  const base = Buffer.from(basename(path)).subarray(0, MAX_NAME_BYTES - suffix.length);
  // A name cut inside a character would not be the same name when it is read again.
  return `${base.toString().replace(/\uFFFD+$/, '')}${suffix}`;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function exists(path: string): RMSNormError {
  return new RMSNormError('FILE_EXISTS', `${path} exists: --force replaces it, or name another file`);
}
