import type { Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RMSNormError } from '@rmsnorm/core';

/** Where an output goes, once links are followed. */
export interface Place {
  readonly path: string;
  /** The file that is replaced; null where there is none. */
  readonly replaced: Pick<Stats, 'mode' | 'uid' | 'gid'> | null;
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
    return { path, replaced: null };
  }
  if (found.isDirectory()) throw new RMSNormError('INVALID_FILE', `${path} is a folder: name a file in it`);
  if (!force) throw exists(path);
  const target = found.isSymbolicLink() ? await linkTarget(path) : path;
  const there = await stat(target).catch(absent);
  if (there === null) {
    await assertFolder(target);
    return { path: target, replaced: null };
  }
  if (there.isDirectory()) throw new RMSNormError('INVALID_FILE', `${path} is a link to a folder: name a file in it`);
  if (!there.isFile()) {
    throw new RMSNormError(
      'INVALID_FILE',
      `${path} is a pipe or a device; the output is a file, put in place in one step when it is complete; .npy on stdout: -o -`,
    );
  }
  return { path: target, replaced: there };
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
 * Moves a complete file, with all of its bytes on the disk, to its place. With `force`, it takes the place of what stands
 * there now, with its owner and its permissions where the system lets it. Closes `file`.
 * @param replaced what stood there when the output was begun, and may be gone
 * @throws RMSNormError FILE_EXISTS, INVALID_FILE; errors of the file system
 */
export async function publish(
  file: FileHandle,
  from: string,
  path: string,
  force: boolean,
  replaced: Place['replaced'] = null,
): Promise<Place> {
  // Again: files and links may have come and gone since the output was begun.
  const place = await placeOf(path, force);
  const old = place.replaced ?? replaced;
  if (old) await copyOwner(file, old);
  // Before the rename: Windows does not move a file that is open.
  await file.close();
  if (force) await rename(from, place.path);
  else await publishNew(from, place.path);
  return place;
}

async function copyOwner(file: FileHandle, { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>): Promise<void> {
  // Only root may give files away. Others may give one to another of their groups.
  await file.chown(uid, gid).catch(() => file.chown(-1, gid).catch(() => {}));
  const now = await file.stat();
  let kept = mode & 0o7777;
  // A new owner does not inherit setuid.
  if (now.uid !== uid) kept &= ~0o4000;
  // A new group does not inherit setgid, and gets no more than everybody.
  if (now.gid !== gid) kept = (kept & ~0o2070) | ((kept & 0o007) << 3);
  // Some file systems have no permissions.
  await file.chmod(kept).catch(() => {});
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
