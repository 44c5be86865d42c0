import type { Casting, EpsMode } from '@rmsnorm/core';
import { type FileFormat, formatOf } from '../files/tensor-file.ts';
import type { WeightSource } from '../files/weights.ts';
import { UsageError } from '../usage-error.ts';
import { EPS_MODES, namesOf } from './choices.ts';

/** In place of a file: stdin as IN, stdout as OUT. Both are .npy. */
export const STREAM = '-';

export interface RunOptions {
  readonly output: string;
  readonly dim: readonly number[];
  readonly groups: number;
  readonly axis: number;
  readonly eps: number;
  readonly epsMode: EpsMode;
  readonly scale?: number;
  readonly partial: number;
  readonly gamma?: WeightSource;
  readonly beta?: WeightSource;
  /** A .safetensors file with the state dict of an RMSNorm, behind `prefix`; excludes gamma and beta. */
  readonly weights?: string;
  readonly prefix?: string;
  readonly weightOffset: number;
  readonly casting: Casting;
  readonly backend: string;
  readonly tensor?: string;
  /** What IN is cast to before it is normalized, where it is something else. */
  readonly cast?: 'float32';
  readonly memory: number;
  /** Replaces an output that exists. Of a shard: also does it again where it is finished. */
  readonly force: boolean;
  /** Whether a progress bar is shown, where there is a terminal. */
  readonly progress: boolean;
}

export interface Formats {
  readonly input: FileFormat;
  readonly output: FileFormat;
}

/**
 * Checks the options against each other.
 * @throws UsageError
 */
export function checkUsage(input: string, options: RunOptions): Formats {
  const formats = { input: formatOfEnd('IN', input), output: formatOfEnd('-o OUT', options.output) };
  if (options.tensor !== undefined && formats.input === 'npy' && formats.output === 'npy') {
    throw new UsageError('--tensor names a tensor of a .safetensors file; IN and OUT are .npy: leave it out');
  }
  if (options.cast !== undefined && formats.input === 'safetensors' && formats.output === 'safetensors') {
    throw new UsageError(
      `--cast ${options.cast} changes the size of one tensor, and .safetensors has all others at their places: ` +
        'let OUT end in .npy',
    );
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
  checkPartial(options);
  checkWeightsUsage(options);
  return formats;
}

function formatOfEnd(which: string, path: string): FileFormat {
  const format = path === STREAM ? 'npy' : formatOf(path);
  if (format !== null) return format;
  const stream = which === 'IN' ? 'stdin' : 'stdout';
  throw new UsageError(`${which} must end in .npy or .safetensors, got '${path}'; or be -, .npy on ${stream}`);
}

function checkPartial({ partial, epsMode }: RunOptions): void {
  const { wholeRow } = EPS_MODES[epsMode];
  if (partial === 1 || wholeRow === null) return;
  const others = namesOf(EPS_MODES).filter((name) => EPS_MODES[name].wholeRow === null);
  throw new UsageError(`--partial ${partial} needs --eps-mode ${others.join(' or ')}: ${wholeRow}`);
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

/**
 * Checks what pipes cannot do.
 * @throws UsageError
 */
export function checkStreamUsage(
  input: string | undefined,
  { output, json, shard, finish }: { output: string; json?: true; shard?: unknown; finish?: true },
): void {
  if (output === STREAM && json) throw new UsageError('-o - and --json both write to stdout: leave one of them out');
  if (input !== STREAM && output !== STREAM) return;
  if (shard === undefined && !finish) return;
  throw new UsageError(`${finish ? '--finish' : '--shard'} needs files that machines share, not -: name them`);
}
