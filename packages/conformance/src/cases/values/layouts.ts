import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';

const LOOK_AT = 'the layout is [outer, groups, size, inner], contiguous; gamma has groups * size elements';

/** Lengths are distinct, so that a wrong axis cannot hide. */
const AXES: readonly { shape: readonly number[]; axis: number; dim: number | readonly number[] }[] = [
  { shape: [7], axis: 0, dim: 7 },
  { shape: [7], axis: -1, dim: 7 },
  { shape: [3, 5], axis: 0, dim: 3 },
  { shape: [3, 5], axis: 1, dim: 5 },
  { shape: [2, 3, 5], axis: 0, dim: 2 },
  { shape: [2, 3, 5], axis: 1, dim: 3 },
  { shape: [2, 3, 5], axis: -1, dim: 5 },
  { shape: [2, 3, 5, 7], axis: 0, dim: 2 },
  { shape: [2, 3, 5, 7], axis: 1, dim: 3 },
  { shape: [2, 3, 5, 7], axis: 2, dim: 5 },
  { shape: [2, 3, 5, 7], axis: 3, dim: 7 },
  { shape: [2, 3, 5, 7], axis: -1, dim: 7 },
  { shape: [2, 3, 5, 7], axis: -2, dim: 5 },
  { shape: [2, 3, 5, 7], axis: -3, dim: 3 },
  { shape: [2, 3, 5, 7], axis: -4, dim: 2 },
  { shape: [2, 3, 5, 7], axis: 0, dim: [2, 3] },
  { shape: [2, 3, 5, 7], axis: 1, dim: [3, 5] },
  { shape: [2, 3, 5, 7], axis: -2, dim: [5, 7] },
  { shape: [2, 3, 5, 7], axis: 0, dim: [2, 3, 5] },
  { shape: [2, 3, 5, 7], axis: 1, dim: [3, 5, 7] },
  { shape: [2, 3, 5, 7], axis: -4, dim: [2, 3, 5, 7] },
  { shape: [2, 3, 4, 5, 7], axis: 1, dim: 3 },
  { shape: [2, 3, 4, 5, 7], axis: 2, dim: [4, 5] },
  { shape: [2, 3, 4, 5, 7], axis: -1, dim: 7 },
];

const axes: Case[] = AXES.map(({ shape, axis, dim }) =>
  layout('forward/axis', { dim: showShape(dim), axis }, { shape, options: { dim, axis } }),
);

/** Below, at and beyond the widths that vectors and tiles along inner usually have. */
const INNER = [2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 49, 63, 64, 65, 127, 128, 129, 256, 257, 1023, 1025, 4099];
const CHANNELS_FIRST: readonly (readonly [shape: readonly number[], dim: number])[] = [
  ...INNER.map((inner) => [[2, 11, inner], 11] as const),
  [[2, 512, 4, 4], 512],
  [[1, 1, 65537], 1],
  [[1, 3, 65537], 3],
  [[65537, 2, 2], 2],
  [[3, 127, 5], 127],
  [[2, 513, 31], 513],
  [[1, 4097, 3], 4097],
  [[1, 16385, 2], 16385],
];

const channelsFirst: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  CHANNELS_FIRST.map(([shape, dim]) => layout('forward/channels-first', { dtype }, { dtype, shape, options: { dim } })),
);

const GROUPS: readonly { shape: readonly number[]; dim: number | readonly number[]; axis: number; groups: number }[] = [
  { shape: [3, 4], dim: 4, axis: -1, groups: 2 },
  { shape: [3, 6], dim: 6, axis: -1, groups: 2 },
  { shape: [3, 6], dim: 6, axis: -1, groups: 3 },
  { shape: [3, 6], dim: 6, axis: -1, groups: 6 },
  { shape: [2, 35], dim: 35, axis: -1, groups: 5 },
  { shape: [5, 1032], dim: 1032, axis: -1, groups: 8 },
  { shape: [3, 4096], dim: 4096, axis: -1, groups: 8 },
  { shape: [2, 4104], dim: 4104, axis: -1, groups: 4 },
  { shape: [2, 65538], dim: 65538, axis: -1, groups: 2 },
  { shape: [1, 131074], dim: 131074, axis: -1, groups: 65537 },
  { shape: [2, 6, 5], dim: 6, axis: 1, groups: 3 },
  { shape: [2, 512, 4, 4], dim: 512, axis: 1, groups: 8 },
  { shape: [3, 10, 7, 3], dim: 10, axis: 1, groups: 2 },
  { shape: [2, 3, 5, 7], dim: [3, 5], axis: 1, groups: 3 },
  { shape: [2, 3, 5, 7], dim: [3, 5], axis: 1, groups: 5 },
  { shape: [2, 3, 5, 7], dim: [5, 7], axis: -2, groups: 7 },
];

const groups: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  GROUPS.map(({ shape, ...options }) =>
    layout(
      'forward/groups',
      { dtype, dim: showShape(options.dim), axis: options.axis, groups: options.groups },
      { dtype, shape, options },
    ),
  ),
);

/** One axis or several, channels first, and groups. */
export const layoutCases: readonly Case[] = [...axes, ...channelsFirst, ...groups];

function layout(family: string, parameters: Record<string, string | number>, spec: ForwardSpec): Case {
  return forwardCase(caseId(family, { ...parameters, shape: showShape(spec.shape) }), { ...spec, lookAt: LOOK_AT });
}
