import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { constant, type Distribution, heavyTailed } from '../../inputs/distributions.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';

/** Around the widths of vectors and blocks, and the switches between kernels, that implementations are known to have. */
const SIZES = [
  1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 41, 63, 64, 65, 100, 123, 127, 128, 129, 255, 256, 257, 511, 512, 513,
  768, 1000, 1023, 1024, 1025, 2047, 2048, 4095, 4096, 4097, 8191, 8192, 8193, 16385, 65537,
];

const ROWS = [1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 63, 65, 127, 129, 255, 257, 511, 512, 513, 1025];
/** A grid of a GPU has at most 65,535 blocks along its second and third axis, and in WebGPU along each. */
const MANY_ROWS = [65535, 65536, 65537];

const sizes: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SIZES.map((size) => values({ dtype, shape: [3, size], options: { dim: size, axis: -1 } })),
);

const rows: Case[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...ROWS.map((count) => values({ dtype, shape: [count, 20], options: { dim: 20, axis: -1 } })),
  ...MANY_ROWS.map((count) => values({ dtype, shape: [count, 5], options: { dim: 5, axis: -1 } })),
]);

/** Rows on which a sum with long chains of float32 additions goes wrong by tens or hundreds of ulp. */
const HARD_ROWS: Readonly<Record<string, Distribution>> = { constant, heavy: heavyTailed };
const LOOK_AT_SUMS = 'no chain of float32 additions may be longer than 4, or than a block of 8 before a tree';
const HARD_SIZES = [127, 512, 1000, 4096, 8192, 16384, 32767, 65536, 65537];

const sums: Case[] = Object.entries(HARD_ROWS).flatMap(([name, x]) =>
  HARD_SIZES.flatMap((size) =>
    (size % 2 === 0 ? (['float32', 'bfloat16'] as const) : (['float32'] as const)).map((dtype) =>
      forwardCase(caseId('forward/sums', { row: name, dtype, shape: showShape([4, size]) }), {
        dtype,
        shape: [4, size],
        options: { dim: size, axis: -1 },
        x: perRow(x, size),
        gamma: null,
        lookAt: LOOK_AT_SUMS,
      }),
    ),
  ),
);

const sumsAlongInner: Case[] = Object.entries(HARD_ROWS).flatMap(([name, x]) =>
  [512, 4096, 65537].map((size) =>
    forwardCase(caseId('forward/sums', { row: name, dtype: 'float32', shape: showShape([1, size, 3]) }), {
      shape: [1, size, 3],
      options: { dim: size },
      x,
      gamma: null,
      lookAt: LOOK_AT_SUMS,
    }),
  ),
);

/** Sizes, numbers of rows, and rows on which sums go wrong. */
export const sizeCases: readonly Case[] = [...sizes, ...rows, ...sums, ...sumsAlongInner];

function values(spec: ForwardSpec & { dtype: string }): Case {
  return forwardCase(caseId('forward/values', { dtype: spec.dtype, shape: showShape(spec.shape) }), spec);
}

/** Each row drawn on its own: another constant in each. */
function perRow(draw: Distribution, size: number): Distribution {
  return (random, count) => {
    const all = new Float64Array(count);
    for (let first = 0; first < count; first += size) all.set(draw(random, size), first);
    return all;
  };
}
