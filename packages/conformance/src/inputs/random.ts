import { Math } from '../globals.ts';

/** A stream of pseudo-random numbers, the same for the same seed in every runtime (but see `normal`). */
export interface Random {
  /** 32 random bits, unsigned. */
  bits(): number;
  /** Uniform in [0, 1), in steps of 2^-32. */
  uniform(): number;
  /** Uniform in {min, ..., max}. */
  integer(min: number, max: number): number;
  /** Standard normal; engines may differ in the last bit, as their logarithms and cosines do. */
  normal(): number;
  pick<T>(items: readonly T[]): T;
}

/**
 * The inputs of a case, from the run's seed and the case's id: streams of different names are unrelated. Not by a library,
 * whose next version may draw other numbers: golden vectors, and failures that people have noted by seed and id, rest on
 * these. What searches at random, the fuzz and the properties, has its numbers from fast-check.
 */
export function createRandom(seed: number, name = ''): Random {
  return randomFrom(sfc32(seed, name));
}

/** A stream over a source of 32 random bits. */
export function randomFrom(bits: () => number): Random {
  const uniform = (): number => bits() / 2 ** 32;
  const integer = (min: number, max: number): number => min + Math.floor(uniform() * (max - min + 1));
  // Box and Muller's method makes two numbers at once. The second waits in an array: tens of millions are drawn, and a
  // variable of this function would be allocated anew for each.
  const second = new Float64Array(1);
  let hasSecond = false;

  function normal(): number {
    if (hasSecond) {
      hasSecond = false;
      return second[0]!;
    }
    // 1 - uniform() is never 0.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    second[0] = radius * Math.sin(angle);
    hasSecond = true;
    return radius * Math.cos(angle);
  }

  return { bits, uniform, integer, normal, pick: (items) => items[integer(0, items.length - 1)]! };
}

/** sfc32 (C. Doty-Humphrey, PractRand): 128 bits of state, from `seed` and `name`. */
function sfc32(seed: number, name: string): () => number {
  let a = hash(name, 0x9e3779b9);
  let b = hash(name, 0x85ebca6b);
  let c = seed | 0;
  let counter = 1;

  function bits(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  for (let i = 0; i < 12; i++) bits();
  return bits;
}

/** FNV-1a of the text's UTF-16 units, from `basis`. */
function hash(text: string, basis: number): number {
  let value = basis | 0;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}
