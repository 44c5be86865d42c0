import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { ResolvedOptions } from '@rmsnorm/core';
import { fileTarget } from '../files/byte-target.ts';
import { pieceAt } from '../files/extent.ts';
import { type Finished, finishShards } from '../files/finish-shards.ts';
import type { ShardPlan } from '../files/shard-folder.ts';
import { ShardedOutput } from '../files/sharded-output.ts';
import { outputBytes } from '../stream/normalize-file.ts';
import type { Shard } from '../stream/shard.ts';
import type { Output } from '../terminal/output.ts';
import { showBytes, showCount } from '../terminal/quantities.ts';
import { UsageError } from '../usage-error.ts';
import { type RunJob, startBackend, streamJob, summaryOf, tensorName, withJob } from './run-job.ts';
import type { RunOptions } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';

/** What `rmsnorm run --shard --json` prints where that shard is finished already. */
export interface ShardFinishedBefore {
  readonly output: string;
  readonly shard: Shard;
  readonly finished: 'before';
}

/**
 * Normalizes one shard of `input` into the output that all shards share.
 * @throws UsageError; RMSNormError; `signal.reason`
 */
export function runShard(
  input: string,
  options: RunOptions,
  shard: Shard,
  signal: AbortSignal,
): Promise<RunSummary | ShardFinishedBefore> {
  const use = async (job: RunJob): Promise<RunSummary | ShardFinishedBefore> => {
    const started = await startBackend(job, options.backend, signal);
    try {
      const plan = await planOfShards(job, shard.count, started.backend.name);
      const output = await ShardedOutput.join(options.output, plan, options.force);
      if (!options.force && (await output.isFinished(shard))) {
        return { output: options.output, shard, finished: 'before' };
      }
      const file = await output.open(shard);
      try {
        const start = performance.now();
        const outcome = await streamJob(job, started, fileTarget(file), options, signal);
        await output.commit(shard, file, async () => {
          await job.source.source.checkAtEnd(job.source.end);
          if (signal.aborted) throw signal.reason;
        });
        return summaryOf(job, options, started, outcome, (performance.now() - start) / 1e3);
      } finally {
        await file.close();
      }
    } finally {
      await started.backend.dispose();
    }
  };
  return withJob(input, options, signal, use, shard);
}

/** Options of `--finish`: with an input, all those of the shards. */
export type FinishOptions = Pick<RunOptions, 'output' | 'force'> & (RunOptions | { readonly dim?: undefined });

/**
 * Puts the output of all shards in place.
 * @param input the file that the shards read, to compare it and the options with theirs; undefined to compare nothing
 * @throws UsageError; RMSNormError
 */
export function finish(
  input: string | undefined,
  options: FinishOptions,
  { signal, began }: { readonly signal: AbortSignal; readonly began: number },
): Promise<Finished> {
  if (input === undefined) {
    if (options.dim === undefined) return finishShards(options.output, options.force, began);
    throw new UsageError(
      '--finish compares --dim and other options with those of the shards where IN is given: add IN',
    );
  }
  if (options.dim === undefined)
    throw new UsageError('--finish with IN compares all options: give --dim, or leave IN out');
  return withJob(input, options, signal, (job) =>
    finishShards(options.output, options.force, began, (shards) => planOfShards(job, shards, null)),
  );
}

export function shardFinishedLine({ output, shard }: ShardFinishedBefore, { paint }: Output): string {
  return `${paint('bold', output)}: shard ${shard.index}/${shard.count} is finished already; --force does it again`;
}

export function finishedLine({ output, finished, shards, bytes }: Finished, { paint }: Output): string {
  if (finished === 'before') return `${paint('bold', output)} is in place (${showBytes(bytes)}); no shards are waiting`;
  return `${paint('bold', output)} is in place: ${showCount(shards ?? 0)} shards, ${showBytes(bytes)}`;
}

/** Everything that decides the bytes of the output, as far as it is known without reading the whole input. */
async function planOfShards(job: RunJob, shards: number, backend: string | null): Promise<ShardPlan> {
  const { source, format, options, weights } = job;
  const header = new Uint8Array(source.headerBytes);
  await source.source.read(pieceAt(0, header.byteLength), header);
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return {
    shards,
    bytes: outputBytes(job),
    ...{ rmsnorm: version, backend, format },
    input: { bytes: source.bytes, header: sha256(header), modified: source.modified },
    ...{
      tensor: tensorName(job),
      dtype: source.dtype,
      stored: source.stored,
      shape: source.shape,
    },
    ...settingsOf(options),
    ...{ gamma: weights.gamma && sha256(weights.gamma), beta: weights.beta && sha256(weights.beta) },
  };
}

/**
 * The name of each option in the plan, in which all shards must agree; null where the option follows from others, or from
 * whether there are weights, or does not change the output. An option that core gains does not compile until it is here.
 */
const SETTINGS: Readonly<Record<keyof ResolvedOptions, string | null>> = {
  dims: 'dim',
  features: null,
  groups: 'groups',
  size: null,
  statSize: null,
  axis: 'axis',
  eps: 'eps',
  epsMode: 'epsMode',
  scale: 'scale',
  scaleGiven: null,
  alpha: null,
  partial: 'partial',
  affine: null,
  bias: null,
  weightOffset: 'weightOffset',
  casting: 'casting',
  normBeforeGate: null,
};

function settingsOf(options: ResolvedOptions): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [option, name] of Object.entries(SETTINGS)) {
    if (name !== null) settings[name] = options[option as keyof ResolvedOptions];
  }
  return settings;
}

/** OpenSSL takes less than 2 GiB at once. */
const HASHED_AT_ONCE = 2 ** 28;

function sha256({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): string {
  const hash = createHash('sha256');
  for (let at = 0; at < byteLength; at += HASHED_AT_ONCE) {
    hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(HASHED_AT_ONCE, byteLength - at)));
  }
  return hash.digest('hex');
}
