import { link, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RMSNormError } from '@rmsnorm/core';

/** Where an output goes, once links are followed. */
export interface Place {
  readonly path: string;
  /** Permissions of the file that is replaced; null where there is none. */
  readonly mode: number | null;
}

/**
 * The place that `path` names.
 * @param force whether an existing file may be replaced; a symbolic link is followed
 * @throws RMSNormError FILE_EXISTS, INVALID_FILE
 */
export async function placeOf(path: string, force: boolean): Promise<Place> {
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

/** Makes renames and links in a folder survive a power failure, where the system has a way to. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows and some network file systems have none. The file itself is on the disk already.
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/**
 * Moves a complete file to a place where there was no file. By a hard link, which the system refuses where there is one by
 * now; a rename would replace it.
 * @throws RMSNormError FILE_EXISTS; errors of the file system
 */
export async function publishNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(to);
    // A file system without hard links (FAT, some network shares).
    if (await lstat(to).catch(() => null)) throw exists(to);
    await rename(from, to);
    return;
  }
  await rm(from, { force: true });
}

/** Handles the error of a stat: null where there is no such file. */
export function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

export function exists(path: string): RMSNormError {
  return new RMSNormError('FILE_EXISTS', `${path} exists: --force replaces it, or name another file`);
}
