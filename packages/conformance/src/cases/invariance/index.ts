import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { heavyTailed } from '../../inputs/distributions.ts';
import { FORWARD } from '../../operations/forward.ts';
import { type Invariant, placedCase } from './placed-rows.ts';
import { PLACEMENTS } from './placements.ts';
import { variationCases } from './variations.ts';

/** Sizes on both sides of the switches between kernels. */
const SIZES = [3, 8, 41, 64, 127, 256, 512, 513, 1000, 1024, 4096, 4099, 8200, 16385];
const STRIDED_SIZES = [3, 41, 256, 513, 4099];
const IN_EVERY_DTYPE = [41, 256, 4099];

export const FORWARD_ROWS: Invariant = { model: FORWARD, drawn: { x: heavyTailed }, rows: ['y'] };

const placedCases: readonly Case[] = Object.entries(PLACEMENTS).flatMap(([place, { kind }]) =>
  (kind === 'contiguous' ? SIZES : STRIDED_SIZES)
    .filter((size) => size <= 1024 || !place.startsWith('among'))
    .flatMap((size) =>
      (IN_EVERY_DTYPE.includes(size) ? FLOAT_DTYPES : (['float32'] as const)).map((dtype) =>
        placedCase(FORWARD_ROWS, place, dtype, size),
      ),
    ),
);

/**
 * Invariance (promise 'invariance'): the bits of a row depend on the row alone, not on what stands around it, where it
 * stands, whether it is done in place or how often.
 */
export const invarianceCases: readonly Case[] = [...placedCases, ...variationCases];
