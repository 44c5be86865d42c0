import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { RMSNormError } from '@rmsnorm/core';
import type { Shard } from '../stream/shard.ts';
import { showBytes } from '../terminal/quantities.ts';
import { fileError } from './file-error.ts';
import { absent, placeOf, syncFolder } from './output-place.ts';
import {
  folderOf,
  hasMarker,
  isOutput,
  joinPlan,
  type KeptPlan,
  markerOf,
  outputOf,
  readPlan,
  type ShardPlan,
  writeMarker,
} from './shard-folder.ts';

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
      const kept = await joinPlan(folder, plan);
      assertSamePlan(path, folder, kept.plan, plan);
      return new ShardedOutput(path, folder, kept);
    } catch (error) {
      throw fileError(error, `write ${path}`);
    }
  }

  /**
   * Whether this shard has been done, by any process, in the output that is there.
   * @throws RMSNormError INVALID_FILE where that is gone
   */
  async isFinished({ index }: Shard): Promise<boolean> {
    try {
      if (!(await hasMarker(this.#folder, this.#kept, index))) return false;
      await this.#assertOutput();
      return true;
    } catch (error) {
      throw fileError(error, `write ${this.#path}`);
    }
  }

  /**
   * The output, open for this shard to write its bytes.
   * @throws RMSNormError INVALID_FILE
   */
  async open({ index }: Shard): Promise<FileHandle> {
    const { id } = this.#kept;
    try {
      // A shard that is done again and killed in the middle must not count as finished.
      await rm(markerOf(this.#folder, id, index), { force: true });
      // Not made anew where it is gone: it would lack what other shards have written. Nor open for reading: an NFS client that
      // has read a page may write all of it back, and with it a neighbour's bytes.
      const file = await open(outputOf(this.#folder, id), constants.O_WRONLY).catch(absent);
      if (file === null) throw damaged(this.#path, this.#folder, this.#kept, null);
      const there = await file.stat({ bigint: true });
      if (isOutput(there, this.#kept)) return file;
      await file.close();
      throw damaged(this.#path, this.#folder, this.#kept, there.size);
    } catch (error) {
      throw fileError(error, `write ${this.#path}`);
    }
  }

  /**
   * Closes the output and records that this shard's bytes are on the disk.
   * @param check is called when they are, and throws where the shard shall not count as finished
   * @throws RMSNormError INVALID_FILE
   */
  async commit({ index }: Shard, file: FileHandle, check: () => Promise<void>): Promise<void> {
    try {
      await file.sync();
      const written = await file.stat({ bigint: true });
      await file.close();
      await check();
      const marker = markerOf(this.#folder, this.#kept.id, index);
      const beside = await writeMarker(this.#folder, this.#kept, index, written);
      try {
        await this.#assertOutput();
        await rename(beside, marker);
      } finally {
        await rm(beside, { force: true });
      }
      await syncFolder(this.#folder);
    } catch (error) {
      throw fileError(error, `record that shard ${index} of ${this.#path} is finished`);
    }
  }

  /** Throws where the output was deleted or begun anew: this shard's bytes would be lost. */
  async #assertOutput(): Promise<void> {
    const there = await stat(outputOf(this.#folder, this.#kept.id), { bigint: true }).catch(absent);
    const same = (await readPlan(this.#folder))?.id === this.#kept.id;
    if (there && same && isOutput(there, this.#kept)) return;
    throw damaged(this.#path, this.#folder, this.#kept, there?.size ?? null);
  }
}

/** @throws RMSNormError INVALID_OPTION that names the differences */
export function assertSamePlan(path: string, folder: string, theirs: ShardPlan, ours: ShardPlan): void {
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

/** @param bytes of the file that stands at the output's place; null where there is none */
export function damaged(path: string, folder: string, { plan }: KeptPlan, bytes: bigint | null): RMSNormError {
  const size = `${plan.bytes} (${showBytes(plan.bytes)})`;
  const found =
    bytes === null
      ? `is gone, not ${size}`
      : bytes === BigInt(plan.bytes)
        ? `is another file of ${size} than the one that they wrote`
        : `has ${bytes} bytes, not ${size}`;
  return new RMSNormError(
    'INVALID_FILE',
    `the output of the shards of ${path} in ${folder} ${found}: delete that folder and run all shards again`,
  );
}
