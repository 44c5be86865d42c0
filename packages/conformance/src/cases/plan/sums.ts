import { FLOAT_DTYPES, type Op } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import type { Distribution } from '../../inputs/distributions.ts';
import { OPERATIONS } from '../../operations/all.ts';
import type { ForwardOptions } from '../../operations/forward-spec.ts';
import { operationCase } from '../../operations/run-call.ts';
import { layoutIn } from '../../plan/layout-families.ts';

/** Where a row's elements lie. */
interface Lengths {
  readonly size: number;
  readonly inner: number;
}

/**
 * One number c all over a row, with c * c = 1 + d: from a sum of 1 / d on, float32 loses each d that it adds. Another d in
 * each row, for chains of 64 numbers, of 256, of 1,024 and so on.
 */
function losing({ size, inner }: Lengths): Distribution {
  return (_random, count) =>
    new Float64Array(count).map((_, flat) => {
      const row = Math.floor(flat / (size * inner)) * inner + (flat % inner);
      return 1 + STEPS[row % STEPS.length]! * 2 ** -23;
    });
}

/** In the last place of 1; a little below half an ulp of 2^5, 2^9, 2^7, 2^11 and 2^13. */
const STEPS = [7, 127, 31, 511, 2047];

/** Numbers of one sign over three powers of ten, falling: late terms are small beside the sum. */
const falling: Distribution = (random, count) =>
  new Float64Array(count).map((_, i) => 1000 ** (1 - i / count) * (1 + random.uniform()));

const ROWS: Readonly<Record<string, (lengths: Lengths) => Distribution>> = { losing, falling: () => falling };

/** Operations that sum along a row, as their options need. */
const SUMMING: readonly { readonly op: Op; readonly options?: Partial<ForwardOptions>; readonly name?: string }[] = [
  { op: 'forward' },
  { op: 'addForward' },
  { op: 'gatedForward', options: { normBeforeGate: false }, name: 'gate-first' },
  { op: 'gatedForward', options: { normBeforeGate: true }, name: 'norm-first' },
  { op: 'backward' },
  { op: 'sumSquares' },
  { op: 'forwardQuantized' },
];

const LAYOUTS = [
  { outer: 4, groups: 1, inner: 1 },
  { outer: 1, groups: 1, inner: 3 },
];

/** Sums along rows of 4,096 to 131,072, of terms of one sign, in every operation that has one. */
export const sumCases: readonly Case[] = SUMMING.flatMap(({ op, options, name }) =>
  Object.entries(ROWS).flatMap(([rows, distributionOf]) =>
    [4096, 65536, 131072].flatMap((size) =>
      LAYOUTS.filter(({ inner }) => size < 131072 || inner === 1).flatMap((lengths) =>
        FLOAT_DTYPES.map((dtype): Case => {
          const outer = size > 65536 ? 2 : lengths.outer;
          const layout = layoutIn({ ...lengths, outer, size });
          const draw = distributionOf({ size, inner: lengths.inner });
          const order = name === undefined ? {} : { order: name };
          const id = caseId(`${op}/plan`, { sums: rows, ...order, dtype, shape: showShape(layout.shape) });
          const spec = {
            shape: layout.shape,
            options: { ...layout.options, ...options },
            dtype,
            gamma: null,
            x: draw,
            residual: draw,
            gate: draw,
            dy: draw,
            lookAt: 'no chain of float32 additions may be longer than 4, or than a block of 8 before a tree',
          };
          const common = dtype === 'float32' && rows === 'losing';
          return { ...operationCase(id, OPERATIONS[op], spec as never), depth: common ? 'default' : 'thorough' };
        }),
      ),
    ),
  ),
);
