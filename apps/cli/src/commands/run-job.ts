import {
  type Backend,
  bytesPerElement,
  type FloatDType,
  type Layout,
  layoutOf,
  type NamedProbe,
  pickBackend,
  RMSNorm,
  RMSNormError,
  resolveOptions,
} from '@rmsnorm/core';
import { candidatesFor, preferredName } from '../backends.ts';
import { fileError } from '../files/file-error.ts';
import { bytesPerStored, isFloatDType } from '../files/stored-type.ts';
import { type FileFormat, openNpyStream, openTensorFile, type TensorFile } from '../files/tensor-file.ts';
import { readStateDict, readWeights, type Weights } from '../files/weights.ts';
import { elements } from '../stream/chunk-norms.ts';
import {
  bytesToRead,
  isCast,
  normalizeFile,
  type Outcome,
  planOf,
  type Source,
  type Work,
} from '../stream/normalize-file.ts';
import { type Shard, WHOLE } from '../stream/shard.ts';
import { startProgress } from '../terminal/progress.ts';
import { showBytes, showRate, showSeconds } from '../terminal/quantities.ts';
import { UsageError } from '../usage-error.ts';
import { checkUsage, type Formats, type RunOptions, STREAM } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';

/** All that is known of a run before anything is written. */
export type RunJob = Pick<Work, 'source' | 'layout' | 'shard' | 'options' | 'weights' | 'format' | 'name' | 'memory'>;

/**
 * Opens and checks all that a run reads, and hands it to `use`.
 * @throws UsageError; RMSNormError
 */
export async function withJob<T>(
  input: string,
  options: RunOptions,
  signal: AbortSignal,
  use: (job: RunJob) => Promise<T>,
  shard: Shard = WHOLE,
): Promise<T> {
  const formats = checkUsage(input, options);
  const { dim, groups, axis, eps, epsMode, scale, partial, weightOffset, casting, memory } = options;
  const resolved = resolveOptions({
    ...{ dim, groups, axis, eps, epsMode, scale, partial, weightOffset, casting },
    affine: options.gamma !== undefined || options.weights !== undefined,
    bias: options.beta !== undefined,
  });
  const opened = await openInput(input, formats, options, signal);
  try {
    const source: Source = { ...opened, dtype: dtypeOf(opened, formats.output, options) };
    const layout = layoutOf(resolved, source.shape);
    const plan = planOf({ source, layout, shard, memory });
    if (plan.along === 'inner') checkStreams(input, options, layout, source);
    const weights = await weightsOf(options, resolved.features);
    const files = { source, format: formats.output, name: options.tensor ?? 'tensor' };
    return await use({ ...files, layout, shard, options: resolved, weights, memory });
  } finally {
    await opened.source.close();
  }
}

async function openInput(
  input: string,
  formats: Formats,
  { tensor, cast }: RunOptions,
  signal: AbortSignal,
): Promise<TensorFile> {
  if (input === STREAM) {
    if (process.stdin.isTTY) throw new UsageError('IN is -, and stdin is a terminal: give it a file, - < x.npy');
    return openNpyStream(process.stdin, signal, cast !== undefined);
  }
  const wanted = formats.input === 'safetensors' ? tensor : undefined;
  return openTensorFile(input, formats.input, { tensor: wanted, how: '--tensor NAME', cast: cast !== undefined });
}

/** Strips are read and written all over the file, which a pipe does not allow. */
function checkStreams(input: string, { output }: RunOptions, { size, inner }: Layout, source: Source): void {
  if (input !== STREAM && output !== STREAM) return;
  const bytes = Math.max(bytesPerElement(source.dtype), bytesPerStored(source.stored)) * size * inner;
  throw new RMSNormError(
    'OUT_OF_MEMORY',
    `a group of ${size} features at ${inner} places takes ${showBytes(bytes)}, and ${input === STREAM ? 'stdin' : 'stdout'} ` +
      `has to pass it in one piece: give --memory ${Math.ceil((5 * bytes) / 2 ** 20)}MiB, below 2 GiB a group, or name files`,
  );
}

export interface StartedBackend {
  readonly backend: Backend;
  /** Every backend that was tried, in order. */
  readonly probes: readonly NamedProbe[];
}

/**
 * Starts the backend that is asked for; of `auto`, the first that works and can do this job.
 * @throws RMSNormError NO_BACKEND; `signal.reason`
 */
export async function startBackend(job: RunJob, asked: string, signal: AbortSignal): Promise<StartedBackend> {
  const probes: NamedProbe[] = [];
  const onProbe = (probe: NamedProbe): void => void probes.push(probe);
  const candidates = candidatesFor(asked, (backend) => requireSupport(job, backend));
  return { backend: await pickBackend(candidates, { prefer: preferredName(asked), signal, onProbe }), probes };
}

/**
 * Checks that a backend can do a job, by an empty tensor: core refuses what a backend does not declare, whatever the size.
 * @throws RMSNormError UNSUPPORTED
 */
export async function requireSupport(
  { source, layout, options, weights }: Pick<RunJob, 'source' | 'layout' | 'options' | 'weights'>,
  backend: Backend,
): Promise<void> {
  const { groups, size, inner } = layout;
  const { eps, epsMode, scale, partial, weightOffset, casting } = options;
  const common = { eps, epsMode, scale, partial, weightOffset, casting };
  const parts = { affine: weights.gamma !== null, bias: weights.beta !== null };
  const norm = new RMSNorm({ dim: groups * size, groups, axis: 1, ...common, ...parts });
  const data = elements(new Uint8Array(), source.dtype);
  await norm.apply({ dtype: source.dtype, shape: [0, groups * size, inner], data }, backend);
  norm.dispose();
}

/** Streams a job into `target`, with a progress bar. */
export async function streamJob(
  job: RunJob,
  { backend }: StartedBackend,
  target: Work['target'],
  options: RunOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const total = bytesToRead(job);
  const bar = startProgress(total, options.progress, (done, all, seconds) => {
    const left = done === 0 ? '' : `, ${showSeconds(((all - done) * seconds) / done)} left`;
    return `${showBytes(done)} of ${showBytes(all)}, ${showRate(done, seconds)}${left}`;
  });
  let done = 0;
  const onProgress = (bytes: number): void => {
    done += bytes;
    bar.update(done);
  };
  try {
    return await normalizeFile({ ...job, backend, target, signal, onProgress });
  } catch (error) {
    throw fileError(error, `go on with ${outputName(options)} after ${showBytes(done)} of ${showBytes(total)}`);
  } finally {
    bar.stop();
  }
}

/** The summary of a run that has ended. */
export function summaryOf(
  { source, layout, format, name, shard }: RunJob,
  options: RunOptions,
  { backend, probes }: StartedBackend,
  outcome: Outcome,
  seconds: number,
): RunSummary {
  const { plan, rows, bytesRead, bytesWritten, normalizeSeconds } = outcome;
  const same = format === source.format;
  return {
    ...{ input: source.path, output: outputName(options), format, dtype: source.dtype, shape: source.shape, layout },
    shard: shard === WHOLE ? null : shard,
    tensor: tensorName({ source, format, name }),
    cast: isCast(source) ? `${source.stored}${source.bigEndian ? ', big endian' : ''}` : null,
    othersCarried: same ? source.others : 0,
    othersLeft: same ? 0 : source.others,
    rows,
    backend: { name: backend.name, device: backend.device, asked: options.backend, probes },
    streamed: { along: plan.along, chunks: plan.count, chunkBytes: plan.largestBytes },
    ...{ bytesRead, bytesWritten, seconds, normalizeSeconds },
  };
}

function outputName({ output }: RunOptions): string {
  return output === STREAM ? 'stdout' : output;
}

/** The tensor's name, in IN or in OUT; null where both are .npy, which has no names. */
export function tensorName({ source, format, name }: Pick<RunJob, 'source' | 'format' | 'name'>): string | null {
  if (source.tensor !== null) return source.tensor;
  switch (format) {
    case 'npy':
      return null;
    case 'safetensors':
      return name;
    default:
      throw new Error(`no name is known in ${format satisfies never}`);
  }
}

async function weightsOf({ gamma, beta, weights, prefix = '' }: RunOptions, features: number): Promise<Weights> {
  if (weights !== undefined) return readStateDict(weights, prefix, features);
  return {
    gamma: gamma ? await readWeights(gamma, '--gamma', features) : null,
    beta: beta ? await readWeights(beta, '--beta', features) : null,
  };
}

/**
 * The dtype that is computed with.
 * @throws RMSNormError DTYPE where it cannot be normalized, or the output's format does not have it
 */
function dtypeOf({ stored, path }: TensorFile, output: FileFormat, { cast }: RunOptions): FloatDType {
  if (cast !== undefined) return cast;
  if (!isFloatDType(stored)) {
    throw new RMSNormError(
      'DTYPE',
      `${path} is ${stored}; float32, float16 or bfloat16 is needed: --cast float32, or numpy.save(file, x.astype('<f4'))`,
    );
  }
  if (stored === 'bfloat16' && output === 'npy') {
    throw new RMSNormError(
      'DTYPE',
      `${path} is bfloat16, which .npy has no name for: let OUT end in .safetensors, or --cast float32`,
    );
  }
  return stored;
}
