import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { isRMSNormError, RMSNormError } from '@rmsnorm/core';
import type { Shard } from '../stream/shard.ts';
import { showBytes } from '../terminal/quantities.ts';
import { fileError } from './file-error.ts';
import { absent, exists, type Place, placeOf, publishNew, syncFolder } from './output-place.ts';

/** The settings that all shards of an output must share, so that it is the same as without shards. Values are JSON. */
export interface ShardPlan {
  /** How many shards there are. */
  readonly shards: number;
  /** Size of the output. */
  readonly bytes: number;
  readonly [setting: string]: unknown;
}

/*
 * Beside OUT stands the folder OUT.rmsnorm-shards while shards are at work:
 *
 *     plan.json      their plan, and a random id; the shard that comes first writes it
 *     ID.output      the output, which has its full size from the start
 *     ID.3.finished  the marker of shard 3: its bytes are on the disk
 *
 * Every file appears whole, by a link or a rename, or has a fixed size. All names but the plan's begin with the id, so that
 * what an earlier, abandoned plan left there does not count.
 */
const FOLDER_SUFFIX = '.rmsnorm-shards';
const PLAN = 'plan.json';

/** Unlike 'w' it leaves what is there, and unlike 'a' it writes at positions. */
const WRITE_OR_CREATE = constants.O_WRONLY | constants.O_CREAT;

interface KeptPlan {
  readonly id: string;
  readonly plan: ShardPlan;
}

/** An output that several processes write, on one machine or on many that share its file system. */
export class ShardedOutput {
  readonly #path: string;
  readonly #folder: string;
  readonly #kept: KeptPlan;

  private constructor(path: string, folder: string, kept: KeptPlan) {
    this.#path = path;
    this.#folder = folder;
    this.#kept = kept;
  }

  /**
   * Joins the shards of an output, or is the first of them.
   * @throws RMSNormError INVALID_OPTION where the others have another plan; FILE_EXISTS, INVALID_FILE
   */
  static async join(path: string, plan: ShardPlan, force: boolean): Promise<ShardedOutput> {
    try {
      const folder = folderOf(await placeOf(path, force));
      await mkdir(folder, { recursive: true });
      const kept = (await readPlan(folder)) ?? (await keepPlan(folder, plan));
      assertSamePlan(path, folder, kept.plan, plan);
      return new ShardedOutput(path, folder, kept);
    } catch (error) {
      throw fileError(error, `write ${path}`);
    }
  }

  /** Whether this shard has been done, by any process. */
  async isFinished({ index }: Shard): Promise<boolean> {
    return (await stat(this.#marker(index)).catch(absent)) !== null;
  }

  /**
   * The output, open for this shard to write its bytes.
   * @throws RMSNormError INVALID_FILE
   */
  async open({ index }: Shard): Promise<FileHandle> {
    try {
      // A shard that is done again and killed in the middle must not count as finished.
      await rm(this.#marker(index), { force: true });
      // Not for reading: an NFS client that has read a page may write all of it back, and with it a neighbour's bytes.
      const file = await open(this.#output(), WRITE_OR_CREATE, 0o666);
      // Every shard does this, as the first may have been killed before. The size is the same, so that no bytes are lost.
      await file.truncate(this.#kept.plan.bytes).catch(async (error: unknown) => {
        await file.close();
        throw error;
      });
      return file;
    } catch (error) {
      throw fileError(error, `write ${this.#path}`);
    }
  }

  /**
   * Closes the output and records that this shard's bytes are on the disk.
   * @throws RMSNormError INVALID_FILE
   */
  async commit({ index, count }: Shard, file: FileHandle): Promise<void> {
    try {
      await file.sync();
      await file.close();
      const { id, plan } = this.#kept;
      const record = { shard: index, shards: count, id, host: hostname(), finished: new Date().toISOString(), plan };
      await rename(await writeBeside(this.#marker(index), record), this.#marker(index));
      await syncFolder(this.#folder);
    } catch (error) {
      throw fileError(error, `record that shard ${index} of ${this.#path} is finished`);
    }
  }

  #output(): string {
    return outputOf(this.#folder, this.#kept.id);
  }

  #marker(index: number): string {
    return join(this.#folder, `${this.#kept.id}.${index}.finished`);
  }
}

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
 * called again, whatever it had done.
 * @param planNow gives the plan of that many shards by the caller's options, to compare it with theirs
 * @throws RMSNormError INVALID_FILE where shards are missing, with which; INVALID_OPTION where the plan is another;
 *   FILE_EXISTS
 */
export async function finishShards(
  path: string,
  force: boolean,
  planNow?: (shards: number) => Promise<ShardPlan>,
): Promise<Finished> {
  try {
    const place = await placeOf(path, true);
    const folder = folderOf(place);
    const kept = await readPlan(folder);
    if (kept === null) return await finishedBefore(path, place, folder, force);
    const { id, plan } = kept;
    if (planNow) assertSamePlan(path, folder, plan, { ...(await planNow(plan.shards)), backend: plan.backend });

    const done = await finishedOf(folder, id);
    if (done.length < plan.shards) throw missing(path, done, plan.shards);
    const output = outputOf(folder, id);
    const written = await stat(output, { bigint: true }).catch(absent);
    const there = await lstat(place.path, { bigint: true }).catch(absent);
    // An earlier call may have been killed after it put the output in place: by a link, which is the same file, or by a
    // rename.
    const placed = there !== null && (written ? written.ino === there.ino : there.size === BigInt(plan.bytes));
    if (there !== null && !placed && !force) throw exists(path);
    if (!placed) {
      if (written?.size !== BigInt(plan.bytes)) throw damaged(path, folder, written?.size ?? null, plan.bytes);
      if (there === null) await publishNew(output, place.path);
      else await replace(output, place);
      await syncFolder(dirname(place.path));
    }
    await removeFolder(folder, id);
    return { output: path, finished: 'now', shards: plan.shards, bytes: plan.bytes };
  } catch (error) {
    throw fileError(error, `finish ${path}`);
  }
}

async function finishedBefore(path: string, place: Place, folder: string, force: boolean): Promise<Finished> {
  const there = await stat(place.path).catch(absent);
  // With --force, this may be the file that shards were to replace which never ran.
  if (there === null || force) {
    throw new RMSNormError(
      'INVALID_FILE',
      `${path} has no shards to finish: ${folder} is not there, or has no ${PLAN}`,
    );
  }
  await rm(folder, { recursive: true, force: true });
  return { output: path, finished: 'before', shards: null, bytes: there.size };
}

async function replace(output: string, place: Place): Promise<void> {
  const file = await open(output, 'r+');
  try {
    if (place.mode !== null) await file.chmod(place.mode);
  } finally {
    await file.close();
  }
  await rename(output, place.path);
}

/** The plan goes after the output: as long as it is there, a second call knows that all was done. */
async function removeFolder(folder: string, id: string): Promise<void> {
  await rm(outputOf(folder, id), { force: true });
  await rm(join(folder, PLAN), { force: true });
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

function folderOf({ path }: Place): string {
  return `${path}${FOLDER_SUFFIX}`;
}

function outputOf(folder: string, id: string): string {
  return join(folder, `${id}.output`);
}

/** Writes the plan where there is none yet, and returns the one that is there then: another shard may have been first. */
async function keepPlan(folder: string, plan: ShardPlan): Promise<KeptPlan> {
  const mine = { id: randomBytes(6).toString('hex'), plan };
  const path = join(folder, PLAN);
  const written = await writeBeside(path, mine);
  await publishNew(written, path).catch((error: unknown) => {
    if (!isRMSNormError(error, 'FILE_EXISTS')) throw error;
  });
  await rm(written, { force: true });
  await syncFolder(folder);
  const kept = await readPlan(folder);
  if (kept) return kept;
  throw new RMSNormError('INVALID_FILE', `${path} went away as soon as it was written: is --finish running?`);
}

async function readPlan(folder: string): Promise<KeptPlan | null> {
  const path = join(folder, PLAN);
  const text = await readFile(path, 'utf8').catch(absent);
  if (text === null) return null;
  try {
    const { id, plan } = JSON.parse(text) as KeptPlan;
    if (/^[0-9a-f]{12}$/.test(id) && Number.isSafeInteger(plan.shards) && Number.isSafeInteger(plan.bytes)) {
      return { id, plan };
    }
  } catch {
    // What is no JSON gets the same message as JSON that is no plan.
  }
  throw new RMSNormError('INVALID_FILE', `${path} is not what rmsnorm wrote there: delete ${folder} and begin again`);
}

/** Writes JSON to the disk, under a new name beside `path`. Returns that name. */
async function writeBeside(path: string, value: unknown): Promise<string> {
  const written = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(written, 'wx');
  try {
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return written;
}

function assertSamePlan(path: string, folder: string, theirs: ShardPlan, ours: ShardPlan): void {
  const show = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  const differences = names
    .filter((name) => show(theirs[name]) !== show(ours[name]))
    .map((name) => `${name} ${show(theirs[name])} there, ${show(ours[name])} here`);
  if (differences.length === 0) return;
  throw new RMSNormError(
    'INVALID_OPTION',
    `other shards of ${path} were begun with other settings: ${differences.join('; ')}: ` +
      `run all shards alike, or delete ${folder} and begin again`,
  );
}

/** The shards that have a marker, in order. */
async function finishedOf(folder: string, id: string): Promise<readonly number[]> {
  const marker = new RegExp(`^${id}\\.(\\d+)\\.finished$`);
  const names = (await readdir(folder)).flatMap((name) => marker.exec(name)?.[1] ?? []);
  return names.map(Number).sort((a, b) => a - b);
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

function damaged(path: string, folder: string, bytes: bigint | null, expected: number): RMSNormError {
  const found = bytes === null ? 'is gone' : `has ${bytes} bytes`;
  return new RMSNormError(
    'INVALID_FILE',
    `the output of the shards of ${path} in ${folder} ${found}, not ${expected} (${showBytes(expected)}): delete that ` +
      'folder and run all shards again',
  );
}
