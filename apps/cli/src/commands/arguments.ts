import { InvalidArgumentError } from 'commander';
import { parseWeightSource, type WeightSource } from '../files/weights.ts';
import type { Shard } from '../stream/shard.ts';

/*
 * Values of options, from text. commander makes a message of an InvalidArgumentError, which names the option; the exit code
 * is 2.
 */

/** One of the given words. */
export function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Choose one of ${choices.join(', ')}.`);
  };
}

/** `512` or `4,5`. */
export function parseDim(text: string): readonly number[] {
  return text.split(',').map((part) => {
    const dim = /^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN;
    if (Number.isSafeInteger(dim) && dim > 0) return dim;
    throw new InvalidArgumentError('Give a positive integer (512), or several with commas (4,5).');
  });
}

export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Give a positive integer.');
}

export function parseInteger(text: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Give an integer.');
}

export function parseNumber(text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Give a number, such as 1e-6.');
}

export function parseEps(text: string): number {
  const eps = parseNumber(text);
  if (eps >= 0) return eps;
  throw new InvalidArgumentError('Give a number from 0 on, such as 1e-6.');
}

export function parseScale(text: string): number {
  const scale = parseNumber(text);
  if (scale !== 0) return scale;
  throw new InvalidArgumentError('Give a number other than 0.');
}

export function parsePartial(text: string): number {
  const partial = parseNumber(text);
  if (partial > 0 && partial <= 1) return partial;
  throw new InvalidArgumentError('Give a fraction above 0, up to 1.');
}

export function parseWeights(text: string): WeightSource {
  const source = parseWeightSource(text);
  if (source) return source;
  throw new InvalidArgumentError('Give a .npy or .safetensors file, or FILE.safetensors:NAME.');
}

/** `3/8`: the fourth of eight. */
export function parseShard(text: string): Shard {
  const [, index = Number.NaN, count = Number.NaN] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (Number.isSafeInteger(count) && index < count) return { index, count };
  const unset = /^\/|\/$/.test(text) ? ' Is a variable not set?' : '';
  throw new InvalidArgumentError(`Give I/N with I from 0 to N - 1: 0/8 to 7/8 are eight shards.${unset}`);
}

/** By hand, as a library for sizes would be a dependency of every installation. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1e3,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1e6,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1e9,
};

/** With less memory, chunks are so small that only their overhead counts. */
const LEAST_MEMORY = 64 * 2 ** 10;

/** Bytes: `64MiB`, `1G`, `500MB`. */
export function parseMemory(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number || Number.NaN) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes >= LEAST_MEMORY) return bytes;
  throw new InvalidArgumentError('Give a size of at least 64KiB, such as 64MiB or 1GiB.');
}
