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
 * sfc32 (C. Doty-Humphrey, PractRand), 128 bits of state from `seed` and `name`: streams of different names are
 * unrelated.
 */
export function createRandom(seed: number, name = ''): Random {
  let a = hash(name, 0x9e3779b9);
  let b = hash(name, 0x85ebca6b);
  let c = seed | 0;
  let counter = 1;
  // Box and Muller's method makes two numbers at once. In an array: a captured number would be allocated anew each time.
  const spare = new Float64Array(1);
  let hasSpare = false;

  function bits(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
  const uniform = (): number => bits() / 2 ** 32;
  const integer = (min: number, max: number): number => min + Math.floor(uniform() * (max - min + 1));

  function normal(): number {
    if (hasSpare) {
      hasSpare = false;
      return spare[0]!;
    }
    // 1 - uniform() is never 0.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare[0] = radius * Math.sin(angle);
    hasSpare = true;
    return radius * Math.cos(angle);
  }

  for (let i = 0; i < 12; i++) bits();
  return { bits, uniform, integer, normal, pick: (items) => items[integer(0, items.length - 1)]! };
}

/** FNV-1a of the text's UTF-16 units, from `basis`. */
function hash(text: string, basis: number): number {
  let value = basis | 0;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}
