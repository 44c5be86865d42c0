import type { Stats } from 'node:fs';
import { lstat, mkdtemp, open, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRMSNormError, RMSNormError } from '@rmsnorm/core';
import { fileError } from './file-error.ts';
import { absent, exists, type Place, placeOf, publish, syncFolder } from './output-place.ts';
import {
  finishedOf,
  folderOf,
  isOutput,
  isPlacedOutput,
  type KeptPlan,
  outputOf,
  readPlan,
  removeEmptyFolder,
  removeFolder,
  type ShardPlan,
} from './shard-folder.ts';
import { assertSamePlan, damaged } from './sharded-output.ts';

export interface Finished {
  readonly output: string;
  /** Whether the output was put in place now, or before this call. */
  readonly finished: 'now' | 'before';
  /** How many there were; null where the output was in place before. */
  readonly shards: number | null;
  readonly bytes: number;
}

/**
 * Puts an output in place once all of its shards are finished, and removes the folder beside it. If it is killed, it may be
 * called again, whatever it had done; and by several at once.
 * @param began when the caller's command began, in milliseconds as Date.now() has them
 * @param planNow gives the plan of that many shards by the caller's options, to compare it with theirs
 * @throws RMSNormError INVALID_FILE where shards are missing, with which; INVALID_OPTION where the plan is another;
 *   FILE_EXISTS
 */
export async function finishShards(
  path: string,
  force: boolean,
  began: number,
  planNow?: (shards: number) => Promise<ShardPlan>,
): Promise<Finished> {
  try {
    const place = await placeOf(path, true);
    const folder = folderOf(place);
    const kept = await readPlan(folder);
    if (kept === null) return await finishedBefore(path, place, folder, force, began);
    const { id, plan } = kept;
    if (planNow) assertSamePlan(path, folder, plan, { ...(await planNow(plan.shards)), backend: plan.backend });
    if (!(await isPlaced(place, folder, kept))) await putInPlace(path, place, folder, kept, force);
    await removeFolder(folder, id);
    return { output: path, finished: 'now', shards: plan.shards, bytes: plan.bytes };
  } catch (error) {
    throw fileError(error, `finish ${path}`);
  }
}

/** Whether the output is in its place: by another call at the same time, or by an earlier one that was killed then. */
async function isPlaced({ path }: Place, folder: string, kept: KeptPlan): Promise<boolean> {
  const there = await lstat(path, { bigint: true }).catch(absent);
  return there !== null && isPlacedOutput(there, folder, kept);
}

async function putInPlace(path: string, place: Place, folder: string, kept: KeptPlan, force: boolean): Promise<void> {
  const { id, plan } = kept;
  try {
    const done = await finishedOf(folder, kept);
    if (done.length < plan.shards) throw missing(path, done, plan.shards);
    const output = outputOf(folder, id);
    const written = await stat(output, { bigint: true }).catch(absent);
    if (written === null || !isOutput(written, kept)) throw damaged(path, folder, kept, written?.size ?? null);
    if (!force && (await lstat(place.path).catch(absent))) throw exists(path);
    const file = await open(output, 'r');
    try {
      await publish(file, output, place.path, force);
    } finally {
      await file.close();
    }
    await syncFolder(dirname(place.path));
  } catch (error) {
    // Others that put it in place at the same time take away what is looked for here.
    if (isRMSNormError(error) || isMissing(error)) if (await isPlaced(place, folder, kept)) return;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function finishedBefore(
  path: string,
  place: Place,
  folder: string,
  force: boolean,
  began: number,
): Promise<Finished> {
  const there = await stat(place.path).catch(absent);
  // With --force, an older file may be there because no shard ever ran.
  if (there === null || (force && !(await cameSince(began, place.path, there)))) {
    throw new RMSNormError(
      'INVALID_FILE',
      `${path} has no shards to finish: ${folder} is not there, or has no plan.json`,
    );
  }
  await removeEmptyFolder(folder);
  return { output: path, finished: 'before', shards: null, bytes: there.size };
}

/** File systems count time in steps of up to so many milliseconds. */
const TICK = 10;

/** Whether a file came to its place since then, by another --finish at the same time. */
async function cameSince(began: number, path: string, { ctimeMs }: Stats): Promise<boolean> {
  // The clock of a network file system may be another than this machine's.
  const probe = await mkdtemp(join(dirname(path), '.rmsnorm-clock-'));
  const { ctimeMs: now } = await stat(probe);
  const ahead = now - Date.now();
  await rmdir(probe);
  return ctimeMs >= began + ahead + TICK;
}

function missing(path: string, done: readonly number[], shards: number): RMSNormError {
  const gaps: string[] = [];
  let next = 0;
  for (const index of [...done, shards]) {
    if (index > next) gaps.push(index - next === 1 ? `${next}` : `${next}-${index - 1}`);
    next = index + 1;
  }
  const shown = gaps.length > 20 ? `${gaps.slice(0, 20).join(', ')} and more` : gaps.join(', ');
  return new RMSNormError(
    'INVALID_FILE',
    `${path} is not complete: of ${shards} shards ${shards - done.length} are not finished: ${shown}; run them again, ` +
      `with --shard I/${shards}`,
  );
}
