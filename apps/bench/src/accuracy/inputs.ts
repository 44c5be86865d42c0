import { createRandom, type Random } from '@rmsnorm/conformance';
import { decode, encode, type FloatDType } from '@rmsnorm/core';

/** Rows to normalize, the same ones for every contestant. */
export interface Input {
  readonly name: string;
  readonly dtype: FloatDType;
  readonly rows: number;
  readonly size: number;
  readonly eps: number;
  /** Raw bits in 16-bit types. */
  readonly x: Float32Array | Uint16Array;
  /** Values that are exact in all three dtypes. */
  readonly gamma: Float32Array;
  /** x as numbers. */
  readonly values: Float32Array;
}

interface Kind {
  readonly name: string;
  readonly rows: number;
  readonly size: number;
  readonly eps: number;
  readonly dtypes: readonly FloatDType[];
  /** Begins a row, and returns what draws its numbers one by one. */
  row(random: Random): () => number;
}

const ALL: readonly FloatDType[] = ['float32', 'float16', 'bfloat16'];
const WIDE_RANGE: readonly FloatDType[] = ['float32', 'bfloat16'];

const normal = (factor: number) => (random: Random) => () => factor * random.normal();
const constant = (random: Random) => {
  const value = 1 + random.uniform();
  return () => value;
};
/** Log-normal with sigma 3: a few elements make up most of the sum of squares. */
const heavyTailed = (random: Random) => () => random.pick([-1, 1]) * Math.exp(Math.min(9, 3 * random.normal()));

const KINDS: readonly Kind[] = [
  { name: 'normal', rows: 256, size: 4096, eps: 1e-6, dtypes: ALL, row: normal(1) },
  { name: 'normal', rows: 8, size: 65537, eps: 1e-6, dtypes: ALL, row: normal(1) },
  { name: 'constant', rows: 256, size: 4096, eps: 1e-6, dtypes: ALL, row: constant },
  { name: 'constant', rows: 8, size: 65537, eps: 1e-6, dtypes: ALL, row: constant },
  { name: 'heavy-tailed', rows: 256, size: 4096, eps: 1e-6, dtypes: ALL, row: heavyTailed },
  { name: 'heavy-tailed', rows: 8, size: 65537, eps: 1e-6, dtypes: ALL, row: heavyTailed },
  ...[1e20, 1e30, 1e-20, 1e-30].map((factor) => ({
    name: `normal times ${factor.toExponential(0)}`,
    rows: 64,
    size: 4096,
    eps: 0,
    dtypes: WIDE_RANGE,
    row: normal(factor),
  })),
];

/** All inputs, drawn from `seed`. */
export function inputs(seed: number): Input[] {
  return KINDS.flatMap(({ dtypes, row, ...kind }) =>
    dtypes.map((dtype): Input => {
      const random = createRandom(seed, `${kind.name}/${kind.size}`);
      const numbers = new Float32Array(kind.rows * kind.size);
      for (let first = 0; first < numbers.length; first += kind.size) {
        const next = row(random);
        for (let i = 0; i < kind.size; i++) numbers[first + i] = next();
      }
      const x = encode(numbers, dtype);
      const gamma = Float32Array.from({ length: kind.size }, (_, i) => 0.5 + ((i * 37) % 64) / 64);
      return { ...kind, dtype, x, gamma, values: decode(x, dtype) as Float32Array };
    }),
  );
}
