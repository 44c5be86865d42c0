import { randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isRMSNormError, RMSNormError } from '@rmsnorm/core';
import { absent, type Place, publishNew, syncFolder } from './output-place.ts';

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
 *     made-by-rmsnorm  says that the folder is to go at the end; a folder that was there before stays
 *     plan.json        the plan, a random id, and which file the output is; the shard that comes first writes it
 *     ID.output        the output, which has its full size from the start
 *     ID.held          a second link to it: as long as it is there, no other file can get its inode
 *     ID.3.finished    the marker of shard 3: its bytes are on the disk, in the file that the marker names
 *
 * Every file appears whole, by a link or a rename, or has a fixed size. What an earlier, abandoned plan left there has
 * another id, and does not count.
 */
const FOLDER_SUFFIX = '.rmsnorm-shards';
const PLAN = 'plan.json';
const MADE = 'made-by-rmsnorm';

/** What rmsnorm writes there, except plan.json, ID.held and made-by-rmsnorm, which go last. */
const OURS =
  /^(?:[0-9a-f]{12}\.(?:output|\d+\.finished)|plan\.json\.[0-9a-f]{12}|[0-9a-f]{12}\.\d+\.finished\.[0-9a-f]{12})$/;

/**
 * Which file the output is. No device: machines have different numbers for one network file system, and the same machine
 * after it was mounted again.
 */
export interface OutputFile {
  readonly inode: string;
  readonly bytes: number;
  /** Whether the second link could be made, which some file systems do not have. */
  readonly held: boolean;
}

export interface KeptPlan {
  readonly id: string;
  readonly output: OutputFile;
  readonly plan: ShardPlan;
}

export function folderOf({ path }: Place): string {
  return `${path}${FOLDER_SUFFIX}`;
}

export function outputOf(folder: string, id: string): string {
  return join(folder, `${id}.output`);
}

function heldOf(folder: string, id: string): string {
  return join(folder, `${id}.held`);
}

export function markerOf(folder: string, id: string, index: number): string {
  return join(folder, `${id}.${index}.finished`);
}

/** Whether a file is the output of a plan: not another that stands under its name, nor the same one cut. */
export function isOutput({ ino, size }: BigIntStats, { output }: KeptPlan): boolean {
  return String(ino) === output.inode && Number(size) === output.bytes;
}

/**
 * Whether a file that stands elsewhere is the output of a plan, put there by a link or a rename. An inode alone does not
 * tell: the next file gets that of one that was deleted.
 */
export async function isPlacedOutput(file: BigIntStats, folder: string, kept: KeptPlan): Promise<boolean> {
  if (!isOutput(file, kept)) return false;
  if (!kept.output.held) return true;
  const held = await stat(heldOf(folder, kept.id), { bigint: true }).catch(absent);
  if (held) return held.ino === file.ino && held.dev === file.dev;
  // Another --finish has just come to its end. Otherwise somebody else deleted it.
  return (await readPlan(folder))?.id !== kept.id;
}

/** The plan of the shards at work; of no earlier one. The shard that comes first writes it. */
export async function joinPlan(folder: string, plan: ShardPlan): Promise<KeptPlan> {
  for (let tries = 1; ; tries++) {
    try {
      await makeFolder(folder);
      return (await readPlan(folder)) ?? (await keepPlan(folder, plan));
    } catch (error) {
      // A --finish that comes to its end takes the folder away.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 3) throw error;
    }
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  const file = await open(join(folder, MADE), 'w');
  await file.close();
}

/** Makes the output and writes the plan, where there is none yet; and returns the one that is there then. */
async function keepPlan(folder: string, plan: ShardPlan): Promise<KeptPlan> {
  const id = randomBytes(6).toString('hex');
  const path = join(folder, PLAN);
  const written = await writeBeside(path, { id, output: await makeOutput(folder, id, plan.bytes), plan });
  await publishNew(written, path).catch((error: unknown) => {
    if (!isRMSNormError(error, 'FILE_EXISTS')) throw error;
  });
  await rm(written, { force: true });
  await syncFolder(folder);
  const kept = await readPlan(folder);
  if (kept?.id !== id) {
    await rm(outputOf(folder, id), { force: true });
    await rm(heldOf(folder, id), { force: true });
  }
  if (kept) return kept;
  throw new RMSNormError('INVALID_FILE', `${path} went away as soon as it was written: is --finish running?`);
}

async function makeOutput(folder: string, id: string, bytes: number): Promise<OutputFile> {
  const path = outputOf(folder, id);
  const file = await open(path, 'wx', 0o666);
  try {
    await file.truncate(bytes);
    await file.sync();
    const { ino } = await file.stat({ bigint: true });
    const held = await link(path, heldOf(folder, id)).then(
      () => true,
      () => false,
    );
    return { inode: String(ino), bytes, held };
  } finally {
    await file.close();
  }
}

export async function readPlan(folder: string): Promise<KeptPlan | null> {
  const path = join(folder, PLAN);
  const text = await readFile(path, 'utf8').catch(absent);
  if (text === null) return null;
  try {
    const { id, output, plan } = JSON.parse(text) as KeptPlan;
    const numbers = [plan.shards, plan.bytes, output.bytes].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (numbers && /^[0-9a-f]{12}$/.test(id) && /^\d+$/.test(output.inode)) return { id, output, plan };
  } catch {
    // What is no JSON gets the same message as JSON that is no plan.
  }
  throw new RMSNormError('INVALID_FILE', `${path} is not what rmsnorm wrote there: delete ${folder} and begin again`);
}

/** What a marker holds. The rest of it is for people. */
interface Marker {
  readonly shard: number;
  readonly id: string;
  readonly output: Pick<OutputFile, 'inode' | 'bytes'>;
}

/** Writes the marker of a shard to the disk, whose bytes are in `written`. Returns its name, which is not the marker's yet. */
export function writeMarker(
  folder: string,
  { id, plan }: KeptPlan,
  index: number,
  written: BigIntStats,
): Promise<string> {
  const output = { device: String(written.dev), inode: String(written.ino), bytes: Number(written.size) };
  const people = { shards: plan.shards, host: hostname(), finished: new Date().toISOString(), plan };
  return writeBeside(markerOf(folder, id, index), { shard: index, id, output, ...people });
}

/** Whether a shard has a marker, and one of this plan's output. */
export async function hasMarker(folder: string, { id, output }: KeptPlan, index: number): Promise<boolean> {
  const text = await readFile(markerOf(folder, id, index), 'utf8').catch(absent);
  if (text === null) return false;
  try {
    const marker = JSON.parse(text) as Marker;
    const { inode, bytes } = marker.output;
    return marker.id === id && marker.shard === index && inode === output.inode && bytes === output.bytes;
  } catch {
    return false;
  }
}

/** The shards that are finished, in order. */
export async function finishedOf(folder: string, kept: KeptPlan): Promise<readonly number[]> {
  const name = new RegExp(`^${kept.id}\\.(0|[1-9]\\d*)\\.finished$`);
  const marked = (await readdir(folder))
    .flatMap((file) => name.exec(file)?.[1] ?? [])
    .map(Number)
    .filter((index) => index < kept.plan.shards);
  const finished: number[] = [];
  for (const index of marked) if (await hasMarker(folder, kept, index)) finished.push(index);
  return finished.sort((a, b) => a - b);
}

/** Removes what rmsnorm wrote into the folder; and the folder, where rmsnorm made it and nothing else is in it. */
export async function removeFolder(folder: string, id: string): Promise<void> {
  for (const name of (await readdir(folder).catch(absent)) ?? []) {
    if (OURS.test(name)) await rm(join(folder, name), { force: true });
  }
  // The plan goes after these: as long as it is there, a second call knows what was done.
  await rm(join(folder, PLAN), { force: true });
  await rm(heldOf(folder, id), { force: true });
  await removeEmptyFolder(folder);
}

/** Removes a folder that a --finish left which was killed. */
export async function removeEmptyFolder(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(absent)) ?? [];
  if (!names.includes(MADE)) return;
  const rest = names.filter((name) => name !== MADE);
  if (!rest.every((name) => /^[0-9a-f]{12}\.held$/.test(name))) return;
  for (const name of [...rest, MADE]) await rm(join(folder, name), { force: true });
  // What has come meanwhile stays.
  await rmdir(folder).catch(() => {});
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
