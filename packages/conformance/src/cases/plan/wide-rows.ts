import type { FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import type { Depth } from '../../case/depth.ts';
import { FORWARD_ROWS } from '../invariance/index.ts';
import { placedCase } from '../invariance/placed-rows.ts';
import { WIDE_PLACEMENTS } from '../invariance/placements.ts';
import { INVARIANTS } from '../operations/invariance.ts';

/** Sizes on which a row may be shared among blocks, and how many rows are dear. */
const SIZES: readonly { readonly size: number; readonly dtype: FloatDType; readonly depth: Depth }[] = [
  { size: 2048, dtype: 'float32', depth: 'default' },
  { size: 8193, dtype: 'float32', depth: 'default' },
  { size: 8192, dtype: 'bfloat16', depth: 'thorough' },
  { size: 20_011, dtype: 'float16', depth: 'default' },
  { size: 65_536, dtype: 'float32', depth: 'default' },
  { size: 131_073, dtype: 'float32', depth: 'thorough' },
];

/** The bits of a wide row alone, beside another, among many, as a group and as a column, in every operation. */
export const wideRowCases: readonly Case[] = [FORWARD_ROWS, ...INVARIANTS].flatMap((invariant) =>
  Object.entries(WIDE_PLACEMENTS)
    .filter(([, { groups }]) => !groups || invariant.groups !== false)
    .flatMap(([place]) =>
      SIZES.filter(({ size }) => size <= (place === 'among-150' ? 8193 : 131_073)).map(
        ({ size, dtype, depth }): Case => {
          const from = place === 'among-150' && size > 2048 ? 'thorough' : depth;
          return { ...placedCase(invariant, place, dtype, size, WIDE_PLACEMENTS), depth: from };
        },
      ),
    ),
);
