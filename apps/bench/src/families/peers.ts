import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import { type BenchShape, channelsFirst, grouped, rows } from '../shapes.ts';
import type { BenchOp, PeerTarget, Place } from '../spec.ts';
import type { TableRow } from './row.ts';

/**
 * Sizes of one operation that share a table and a geometric mean. Node runs all of them, resident and in float32. The lists
 * name, by their ids, those that also run in other ways or in other places.
 */
export interface Family {
  readonly name: string;
  readonly op: BenchOp;
  readonly shapes: readonly BenchShape[];
  /** In Node in float16 and bfloat16. */
  readonly sixteenBit: readonly string[];
  /** Between arrays outside of the candidate's memory. */
  readonly endToEnd: readonly string[];
  /** In a page. */
  readonly chromium: readonly string[];
  /** On WebGPU. */
  readonly webgpu: readonly string[];
}

export const FAMILIES: readonly Family[] = [
  {
    name: 'llm',
    op: 'forward',
    shapes: [
      ...[64, 1024, 4096, 16384].map((dim) => rows(1, dim)),
      ...[rows(16, 4096), rows(64, 4096), rows(8192, 64), rows(512, 1024), rows(2048, 1024), rows(256, 16384)],
      ...[rows(8192, 1024), rows(8192, 4096)],
    ],
    sixteenBit: ['1x4096', '64x4096', '2048x1024', '8192x4096'],
    endToEnd: ['1x64', '1x4096', '64x4096', '2048x1024', '8192x4096'],
    chromium: ['1x64', '1x4096', '64x4096', '2048x1024', '256x16384'],
    webgpu: ['1x4096', '64x4096', '512x1024', '2048x1024', '256x16384', '8192x4096'],
  },
  {
    name: 'head-dim',
    op: 'forward',
    shapes: [rows(512, 64), rows(512, 128), rows(16384, 128), rows(100_000, 64)],
    sixteenBit: ['100000x64'],
    endToEnd: ['512x128', '100000x64'],
    chromium: ['512x128', '100000x64'],
    webgpu: ['512x128', '16384x128', '100000x64'],
  },
  {
    name: 'channels-first',
    op: 'forward',
    shapes: [
      channelsFirst([2, 512, 4, 4]),
      channelsFirst([2, 512, 16, 16]),
      channelsFirst([2, 512, 64, 64]),
      channelsFirst([64, 512, 4, 4]),
    ],
    sixteenBit: ['2x512x64x64', '64x512x4x4'],
    endToEnd: ['2x512x4x4', '2x512x64x64'],
    chromium: ['2x512x4x4', '2x512x64x64'],
    webgpu: ['2x512x4x4', '2x512x64x64'],
  },
  {
    name: 'groups',
    op: 'forward',
    shapes: [grouped(512, 1024, 8), grouped(2048, 4096, 32)],
    sixteenBit: ['512x1024/groups=8'],
    endToEnd: ['512x1024/groups=8'],
    chromium: ['512x1024/groups=8'],
    webgpu: ['512x1024/groups=8'],
  },
  operation('add-forward', 'addForward', [rows(64, 4096), rows(4096, 2048)]),
  operation('gated-forward', 'gatedForward', [rows(64, 4096), grouped(512, 4096, 8), rows(4096, 2048)]),
  operation('backward', 'backward', [rows(64, 4096), rows(100_000, 64), rows(4096, 2048)]),
  operation('backward-channels-first', 'backward', [channelsFirst([2, 512, 16, 16]), channelsFirst([2, 512, 64, 64])]),
  operation('quantized', 'forwardQuantized', [rows(64, 4096), rows(4096, 2048)]),
];

/** A family whose first size fits the caches, and runs everywhere. The others do not fit, and run in Node alone. */
function operation(name: string, op: BenchOp, shapes: readonly [BenchShape, ...BenchShape[]]): Family {
  const first = [shapes[0].id];
  return { name, op, shapes, sixteenBit: [], endToEnd: first, chromium: first, webgpu: first };
}

/** Every row of the tables of a comparison with peers, in their order. */
export function peerRows(target: PeerTarget): TableRow[] {
  return FAMILIES.flatMap((family) => rowsOfFamily(family, target));
}

function rowsOfFamily({ name, op, shapes, ...ids }: Family, target: PeerTarget): TableRow[] {
  const named = (wanted: readonly string[]): BenchShape[] => shapes.filter(({ id }) => wanted.includes(id));
  const row =
    (place: Place, dtype: FloatDType) =>
    (shape: BenchShape): TableRow => ({ family: name, op, place, dtype, shape });
  const resident = row('resident', 'float32');
  const endToEnd = row('end-to-end', 'float32');
  switch (target) {
    case 'node':
      return [
        ...shapes.map(resident),
        ...SIXTEEN_BIT.flatMap((dtype) => named(ids.sixteenBit).map(row('resident', dtype))),
        ...named(ids.endToEnd).map(endToEnd),
      ];
    case 'chromium':
      return [
        ...named(ids.chromium).map(resident),
        ...named(ids.chromium.filter((id) => ids.endToEnd.includes(id))).map(endToEnd),
      ];
    case 'node-webgpu':
    case 'chromium-webgpu':
      return named(ids.webgpu).map(resident);
    default:
      throw new Error(`no rows for ${target satisfies never}`);
  }
}

const SIXTEEN_BIT = FLOAT_DTYPES.filter((dtype) => dtype !== 'float32');
