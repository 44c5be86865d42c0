import {
  type Backend,
  type FloatDType,
  layoutOf,
  type NamedProbe,
  pickBackend,
  RMSNormError,
  resolveOptions,
} from '@rmsnorm/core';
import { candidatesFor, named } from '../backends.ts';
import { fileError } from '../files/file-error.ts';
import { ReplacedFile } from '../files/replaced-file.ts';
import { type FileFormat, formatOf, openTensorFile, type TensorFile } from '../files/tensor-file.ts';
import { readStateDict, readWeights, type WeightSource, type Weights } from '../files/weights.ts';
import { normalizeFile, type Outcome, planOf, type Work } from '../stream/normalize-file.ts';
import { startProgress } from '../terminal/progress.ts';
import { showBytes, showRate, showSeconds } from '../terminal/quantities.ts';
import { UsageError } from '../usage-error.ts';
import type { RunSummary } from './run-summary.ts';

export interface RunOptions {
  readonly output: string;
  readonly dim: readonly number[];
  readonly groups: number;
  readonly axis: number;
  readonly eps: number;
  readonly epsMode: 'add' | 'clamp';
  readonly scale?: number;
  readonly partial: number;
  readonly gamma?: WeightSource;
  readonly beta?: WeightSource;
  /** A .safetensors file with the state dict of an RMSNorm, behind `prefix`; excludes gamma and beta. */
  readonly weights?: string;
  readonly prefix?: string;
  readonly weightOffset: number;
  readonly casting: 'gemma' | 'llama';
  readonly backend: string;
  readonly tensor?: string;
  readonly memory: number;
  readonly force: boolean;
  /** Whether a bar is shown, where there is a terminal. */
  readonly progress: boolean;
}

/**
 * Normalizes `input` into `options.output`.
 * @throws UsageError; RMSNormError; `signal.reason`
 */
export async function run(input: string, options: RunOptions, signal: AbortSignal): Promise<RunSummary> {
  const formats = checkUsage(input, options);
  const { gamma, beta, epsMode, eps, scale, partial, groups, axis, weightOffset, casting } = options;
  const resolved = resolveOptions({
    ...{ dim: options.dim, groups, axis, eps, epsMode, scale, partial, weightOffset, casting },
    affine: gamma !== undefined || options.weights !== undefined,
    bias: beta !== undefined,
  });

  const name = formats.input === 'safetensors' ? options.tensor : undefined;
  const opened = await openTensorFile(input, formats.input, name, '--tensor NAME');
  let output: ReplacedFile | null = null;
  let backend: Backend | null = null;
  const probes: NamedProbe[] = [];
  try {
    const source = { ...opened, dtype: checkDType(opened, formats.output) };
    const layout = layoutOf(resolved, source.shape);
    planOf({ source, layout, memory: options.memory });
    const weights = await weightsOf(options, resolved.features);
    output = await ReplacedFile.create(options.output, options.force);
    const onProbe = (probe: NamedProbe): void => void probes.push(probe);
    backend = await pickBackend(candidatesFor(options.backend), { prefer: named(options.backend), signal, onProbe });

    const start = performance.now();
    const files = { source, target: output.file, format: formats.output, name: options.tensor ?? 'tensor' };
    const work = { ...files, layout, options: resolved, weights, backend, memory: options.memory, signal };
    const outcome = await stream(options.output, work, options.progress);
    // Before the rename: Windows does not replace a file that is open.
    await source.file.close();
    await output.commit();
    const seconds = (performance.now() - start) / 1e3;
    return {
      ...{ input, output: options.output, format: formats.output, dtype: source.dtype, shape: source.shape, layout },
      tensor: source.tensor ?? (formats.output === 'safetensors' ? files.name : null),
      othersCarried: formats.output === formats.input ? source.others : 0,
      othersLeft: formats.output === formats.input ? 0 : source.others,
      rows: outcome.rows,
      backend: { name: backend.name, device: backend.device, asked: options.backend, probes },
      streamed: { along: outcome.plan.along, chunks: outcome.plan.count, chunkBytes: outcome.plan.largestBytes },
      ...{ bytesRead: outcome.bytesRead, bytesWritten: outcome.bytesWritten },
      ...{ seconds, normalizeSeconds: outcome.normalizeSeconds },
    };
  } finally {
    await output?.discard();
    await opened.file.close();
    await backend?.dispose();
  }
}

interface Formats {
  readonly input: FileFormat;
  readonly output: FileFormat;
}

function checkUsage(input: string, options: RunOptions): Formats {
  const formats = { input: formatOf(input), output: formatOf(options.output) };
  for (const [which, path] of [
    ['IN', input],
    ['-o OUT', options.output],
  ] as const) {
    if (formatOf(path) === null) throw new UsageError(`${which} must end in .npy or .safetensors, got '${path}'`);
  }
  if (options.tensor !== undefined && formats.input === 'npy' && formats.output === 'npy') {
    throw new UsageError('--tensor names a tensor of a .safetensors file; IN and OUT are .npy: leave it out');
  }
  if (options.tensor === '__metadata__') {
    throw new UsageError('--tensor __metadata__: .safetensors keeps this name for itself, name a tensor');
  }
  const features = options.dim.reduce((product, dim) => product * dim, 1);
  if (features % options.groups !== 0) {
    throw new UsageError(
      `--groups ${options.groups} does not divide --dim ${options.dim}: give a divisor of ${features}`,
    );
  }
  if (options.partial < 1 && options.epsMode === 'clamp') {
    throw new UsageError(`--partial ${options.partial} needs --eps-mode add: clamp takes the norm of the whole row`);
  }
  checkWeightsUsage(options);
  return formats as Formats;
}

function checkWeightsUsage({ gamma, beta, weights, prefix, weightOffset }: RunOptions): void {
  if (weights !== undefined && (gamma || beta)) {
    const other = gamma ? '--gamma' : '--beta';
    throw new UsageError(`--weights and ${other} both say what gamma and beta are: leave one of them out`);
  }
  if (prefix !== undefined && weights === undefined) {
    throw new UsageError(`--prefix ${prefix} is of names in a file of weights: give --weights FILE.safetensors`);
  }
  if (weights !== undefined && formatOf(weights) !== 'safetensors') {
    throw new UsageError(`--weights must end in .safetensors, got '${weights}'`);
  }
  if (weightOffset !== 0 && gamma === undefined && weights === undefined) {
    throw new UsageError(`--weight-offset ${weightOffset} is added to a gamma: give --gamma FILE or --weights FILE`);
  }
}

async function weightsOf({ gamma, beta, weights, prefix = '' }: RunOptions, features: number): Promise<Weights> {
  if (weights !== undefined) return readStateDict(weights, prefix, features);
  return {
    gamma: gamma ? await readWeights(gamma, '--gamma', features) : null,
    beta: beta ? await readWeights(beta, '--beta', features) : null,
  };
}

/** The dtype, where it is one that can be normalized and that the output's format has. */
function checkDType({ dtype, path }: TensorFile, output: FileFormat): FloatDType {
  if (dtype === 'float64') {
    throw new RMSNormError('DTYPE', `${path} is float64; float32, float16 or bfloat16 is needed: convert it first`);
  }
  if (dtype === 'bfloat16' && output === 'npy') {
    throw new RMSNormError('DTYPE', `${path} is bfloat16, which .npy has no name for: let OUT end in .safetensors`);
  }
  return dtype;
}

async function stream(output: string, work: Omit<Work, 'onProgress'>, progress: boolean): Promise<Outcome> {
  const total = work.format === work.source.format ? work.source.bytes : work.source.end - work.source.start;
  const bar = startProgress(total, progress, (done, all, seconds) => {
    const left = done === 0 ? '' : `, ${showSeconds(((all - done) * seconds) / done)} left`;
    return `${showBytes(done)} of ${showBytes(all)}, ${showRate(done, seconds)}${left}`;
  });
  let done = 0;
  try {
    return await normalizeFile({
      ...work,
      onProgress: (bytes) => {
        done += bytes;
        bar.update(done);
      },
    });
  } catch (error) {
    throw fileError(error, `go on with ${output} after ${showBytes(done)} of ${showBytes(total)}`);
  } finally {
    bar.stop();
  }
}
