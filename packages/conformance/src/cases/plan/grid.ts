import type { FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import type { Depth } from '../../case/depth.ts';
import { type AnyOperation, OPERATIONS } from '../../operations/all.ts';
import { operationCase } from '../../operations/run-call.ts';
import { GRIDS } from '../../plan/grids.ts';
import { layoutIn } from '../../plan/layout-families.ts';

/** 16-bit rows of an odd size begin in the middle of a word. */
const DTYPES: readonly { readonly dtype: FloatDType; readonly size: number; readonly depth: Depth }[] = [
  { dtype: 'float32', size: 2, depth: 'default' },
  { dtype: 'bfloat16', size: 3, depth: 'thorough' },
  { dtype: 'float16', size: 1, depth: 'thorough' },
];

/** Rows, groups, columns and their products on either side of 65,535, in every operation. */
export const gridCases: readonly Case[] = Object.values(OPERATIONS).flatMap((model: AnyOperation) =>
  Object.entries(GRIDS).flatMap(([grid, sides]) =>
    (['at', 'beyond'] as const).flatMap((side) =>
      DTYPES.map(({ dtype, size, depth }): Case => {
        const [outer, groups, inner] = sides[side];
        const layout = layoutIn({ outer, groups, size, inner });
        const id = caseId(`${model.op}/plan`, {
          grid: grid.replaceAll('*', '-x-'),
          side,
          dtype,
          shape: showShape(layout.shape),
        });
        const weights = model.op === 'sumSquares' ? { gamma: null } : {};
        const spec = { ...layout, dtype, ...weights, lookAt: `${grid} is ${outer * groups * inner} here` };
        const from: Depth = side === 'at' ? 'thorough' : depth;
        return { ...operationCase(id, model, spec as never), depth: from };
      }),
    ),
  ),
);
