/*
 * The folder `options/`: from a user's options and the shape of a tensor to the Problem that a driver is given. It imports
 * from values/ and driver/.
 */

import { CASTINGS, type Casting, EPS_MODES, type EpsMode } from '../driver/problem.ts';
import { refuseMore } from '../values/arguments.ts';
import { RMSNormError } from '../values/errors.ts';
import { type Form, keysOf, readKeys } from '../values/keys.ts';
import { isArray, reading } from '../values/reading.ts';
import { MOST_AXES } from '../values/shape.ts';
import { show } from '../values/show.ts';
import { UNCALLED, uncalledPreset } from './uncalled.ts';

/** Options of an {@link RMSNorm}; the mathematics stands at {@link Problem}. */
export interface RMSNormOptions {
  /** How many features are normalized: a number, or the sizes of consecutive axes that are normalized together. */
  readonly dim: number | readonly number[];
  /** Divides the product of `dim`; each group of features is normalized on its own. Default 1. */
  readonly groups?: number | undefined;
  /** Where `dim` stands in the shape: 1 (channels first) unless given; -1, or `-dim.length`, for transformers. */
  readonly axis?: number | undefined;
  /** At least 0. Default 1e-6. */
  readonly eps?: number | undefined;
  /** `'add'` (default) puts eps inside the root, `'clamp'` makes it the least value of the norm. */
  readonly epsMode?: EpsMode | undefined;
  /** What multiplies x / norm2(x). Default sqrt(size), which gives rows of RMS 1. */
  readonly scale?: number | undefined;
  /** Fraction in (0, 1] of the features of a group that enter its statistic (pRMSNorm). Default 1. */
  readonly partial?: number | undefined;
  /** Whether there is a gamma. Default true. */
  readonly affine?: boolean | undefined;
  /** Whether there is a beta. Default false. */
  readonly bias?: boolean | undefined;
  /** Added to gamma: 1 for Gemma and other zero-centred gammas. Default 0. */
  readonly weightOffset?: number | undefined;
  /** How often a 16-bit result is rounded: `'gemma'` (default) once, `'llama'` before gamma too. */
  readonly casting?: Casting | undefined;
  /** For gatedForward: the gate multiplies after (true) or before (false, default) the normalization. */
  readonly normBeforeGate?: boolean | undefined;
  /** What a preset leaves that was spread and not called: `{ ...presets.llama }` in place of `...presets.llama(8)`. */
  readonly [UNCALLED]?: never;
}

/** {@link RMSNormOptions} checked, with every default filled in and what follows from them. */
export interface ResolvedOptions {
  readonly dims: readonly number[];
  /** Product of `dims`. */
  readonly features: number;
  readonly groups: number;
  /** features / groups: elements of a row. */
  readonly size: number;
  /** Elements of a row that enter its statistic. */
  readonly statSize: number;
  readonly axis: number;
  readonly eps: number;
  readonly epsMode: EpsMode;
  readonly scale: number;
  /**
   * Whether `scale` was given. When features are sharded, a given scale refers to the whole row, not to a shard; by
   * default the whole row gets RMS 1.
   */
  readonly scaleGiven: boolean;
  readonly alpha: number;
  readonly partial: number;
  readonly affine: boolean;
  readonly bias: boolean;
  readonly weightOffset: number;
  readonly casting: Casting;
  readonly normBeforeGate: boolean;
}

/** The names of all options. */
export const OPTION_KEYS: readonly string[] = keysOf<Omit<RMSNormOptions, typeof UNCALLED>>({
  dim: true,
  groups: true,
  axis: true,
  eps: true,
  epsMode: true,
  scale: true,
  partial: true,
  affine: true,
  bias: true,
  weightOffset: true,
  casting: true,
  normBeforeGate: true,
});

const OPTIONS: Form = { name: 'the options', keys: OPTION_KEYS };

/**
 * Checks options and fills in the defaults.
 * @throws RMSNormError INVALID_OPTION
 */
export function resolveOptions(options: RMSNormOptions): ResolvedOptions {
  if (arguments.length > 1) refuseMore(arguments, 1, 'resolveOptions({ dim, groups, ... })');
  const { affine, bias, ...others } = readOptions(options, OPTIONS);
  return resolved(others, flag('affine', affine, true), flag('bias', bias, false));
}

/**
 * As {@link resolveOptions}, of options whose keys are checked, and where others say whether there are gamma and beta.
 * @throws RMSNormError INVALID_OPTION
 */
export function resolved(
  options: Omit<RMSNormOptions, 'affine' | 'bias'>,
  affine: boolean,
  bias: boolean,
): ResolvedOptions {
  const { dims, features } = checkedDims(options.dim);

  const groups = options.groups ?? 1;
  if (!isCount(groups)) throw invalid(`groups must be a positive integer, got ${show(groups)}`);
  if (features % groups !== 0) throw invalid(`groups must divide dim: ${features} features, ${groups} groups`);
  const size = features / groups;

  const axis = options.axis ?? 1;
  if (!Number.isSafeInteger(axis)) throw invalid(`axis must be an integer, got ${show(axis)}`);

  const eps = options.eps ?? 1e-6;
  if (!isNumber(eps) || eps < 0) throw invalid(`eps must be finite and at least 0, got ${show(eps)}`);
  const epsMode = oneOf('epsMode', options.epsMode ?? 'add', EPS_MODES);

  const scale = options.scale ?? Math.sqrt(size);
  if (!isNumber(scale) || scale === 0) throw invalid(`scale must be finite and not 0, got ${show(scale)}`);

  const partial = options.partial ?? 1;
  if (!isNumber(partial) || partial <= 0 || partial > 1)
    throw invalid(`partial must be in (0, 1], got ${show(partial)}`);
  if (partial < 1 && !EPS_MODES[epsMode].partial) {
    throw invalid(`epsMode '${epsMode}' needs partial = 1, got ${partial}: use epsMode 'add' with partial`);
  }

  const normBeforeGate = flag('normBeforeGate', options.normBeforeGate, false);

  const weightOffset = options.weightOffset ?? 0;
  if (!isNumber(weightOffset)) throw invalid(`weightOffset must be finite, got ${show(weightOffset)}`);
  if (!affine && weightOffset !== 0) throw invalid(`weightOffset ${weightOffset} needs a gamma: set affine to true`);

  const casting = oneOf('casting', options.casting ?? 'gemma', CASTINGS);

  return Object.freeze({
    dims,
    features,
    groups,
    size,
    statSize: Math.max(1, Math.floor(size * partial)),
    axis,
    eps,
    epsMode,
    scale,
    scaleGiven: options.scale !== undefined,
    alpha: scale / Math.sqrt(size),
    partial,
    affine,
    bias,
    weightOffset,
    casting,
    normBeforeGate,
  });
}

/**
 * What resolveOptions gave, or others put together in its stead: checked anew, so that all of it fits.
 * @throws RMSNormError INVALID_OPTION
 */
export function resolvedAgain(options: ResolvedOptions): ResolvedOptions {
  const read = reading('the options', 'INVALID_OPTION', () => (isArray(options?.dims) ? { ...options } : null));
  if (read === null) throw invalid(`options must be what resolveOptions() gives, got ${show(options)}`);
  const { dims, scale, scaleGiven, affine, bias, ...others } = read;
  const given = { ...others, dim: dims, scale: scaleGiven ? scale : undefined };
  return resolved(given, flag('affine', affine, true), flag('bias', bias, false));
}

/**
 * The options of `new RMSNorm(dim, groups)` or `new RMSNorm(options)`.
 * @throws RMSNormError INVALID_OPTION
 */
export function resolveArguments(
  first: number | readonly number[] | RMSNormOptions,
  groups: number | undefined,
): ResolvedOptions {
  if (typeof first === 'number' || isArray(first))
    return resolveOptions({ dim: first as number | readonly number[], groups });
  if (groups !== undefined) {
    throw invalid(`groups are one of the options, not a second argument beside them: { groups: ${show(groups)} }`);
  }
  return resolveOptions(first as RMSNormOptions);
}

/**
 * A copy of options. Refuses keys that are not known, and a preset that nobody called.
 * @throws RMSNormError INVALID_OPTION
 */
export function readOptions<T extends object>(options: T, form: Form): T {
  const preset = uncalledPreset(options);
  if (preset !== null) throw invalid(`${preset} is a function: call it with dim, as in ...${preset}(512)`);
  return readKeys(options, form);
}

function checkedDims(dim: number | readonly number[]): { dims: readonly number[]; features: number } {
  const dims = Object.freeze(
    typeof dim === 'number' ? [dim] : reading('dim', 'INVALID_OPTION', () => [...listOf(dim)]),
  );
  if (!dims.every(isCount)) throw invalid(`dim must be positive integers, got ${show(dim)}`);
  const features = dims.reduce((product, length) => product * length, 1);
  if (!isCount(features)) throw invalid(`dim ${show(dim)} has more elements than an integer can count`);
  return { dims, features };
}

function listOf(dim: unknown): readonly number[] {
  if (isArray(dim) && dim.length > MOST_AXES) throw invalid(`dim has at most ${MOST_AXES} axes, got ${dim.length}`);
  if (isArray(dim) && dim.length > 0) return dim as readonly number[];
  throw invalid(`dim is required: a number, or an array of the sizes of consecutive axes; got ${show(dim)}`);
}

/** @param known an object whose keys are the values that there are */
function oneOf<T extends string>(name: string, value: T, known: Readonly<Record<T, unknown>>): T {
  if (typeof value === 'string' && Object.hasOwn(known, value)) return value;
  const values = Object.keys(known).map((one) => `'${one}'`);
  throw invalid(`${name} must be ${values.join(' or ')}, got ${show(value)}`);
}

function flag(name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  throw invalid(`${name} must be true or false, got ${show(value)}`);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isNumber(value: unknown): boolean {
  return Number.isFinite(value);
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
