import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Adapter } from './chromium/launch.ts';
import { type BenchShape, channelsFirst, grouped, rows } from './shapes.ts';
import type { BenchOp, Place, Spec, Target } from './spec.ts';

/** Sizes that belong together: a table each, with a geometric mean. */
export interface Family {
  readonly name: string;
  readonly op: BenchOp;
  readonly shapes: readonly BenchShape[];
  /** In float32 every size is measured; in the 16-bit types these, and end to end these: ids. */
  readonly sixteenBit: readonly string[];
  readonly endToEnd: readonly string[];
  /** On a page and on its GPU, where all is slower, these: ids. */
  readonly chromium: readonly string[];
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

/** An operation at a size that the caches hold and at some that they do not: on a page, and end to end, the first one. */
function operation(name: string, op: BenchOp, shapes: readonly [BenchShape, ...BenchShape[]]): Family {
  const first = [shapes[0].id];
  return { name, op, shapes, sixteenBit: [], endToEnd: first, chromium: first, webgpu: first };
}

/** Sizes up to 16 MiB of float32: what `--quick` keeps. */
const QUICK_ELEMENTS = 4 * 2 ** 20;

/**
 * Elements that WebGPU is measured at where a processor computes it: in a page 32 MiB of float32, in Node 4 MiB, for it is
 * the same engine, and has to show no more than that it is.
 */
const SOFTWARE_ELEMENTS: Readonly<Partial<Record<Target, number>>> = {
  'chromium-webgpu': 2 ** 23,
  'node-webgpu': 2 ** 20,
};

/** Every row of every table, in their order. */
export function specs(
  targets: readonly Target[],
  {
    threads = 1,
    quick = false,
    adapter = 'swiftshader',
  }: { threads?: number; quick?: boolean; adapter?: Adapter } = {},
): Spec[] {
  return targets.flatMap((target) => {
    const software = adapter === 'swiftshader' ? (SOFTWARE_ELEMENTS[target] ?? Infinity) : Infinity;
    const most = Math.min(software, quick ? QUICK_ELEMENTS : Infinity);
    return FAMILIES.flatMap((family) =>
      rowsOf(family, target).flatMap(({ place, dtype, shape }): Spec[] => {
        if (shape.elements > most) return [];
        const { name, op } = family;
        return [
          { id: specId(target, name, place, dtype, shape), target, family: name, op, place, dtype, shape, threads },
        ];
      }),
    );
  });
}

export function specId(target: Target, family: string, place: Place, dtype: FloatDType, shape: BenchShape): string {
  return `${target}/${family}/${place}/${dtype}/${shape.id}`;
}

type Row = Pick<Spec, 'place' | 'dtype' | 'shape'>;

function rowsOf({ shapes, sixteenBit, endToEnd, chromium, webgpu }: Family, target: Target): Row[] {
  const of = (ids: readonly string[]): BenchShape[] => shapes.filter(({ id }) => ids.includes(id));
  const row = (place: Place, dtype: FloatDType) => (shape: BenchShape) => ({ place, dtype, shape });
  const resident = row('resident', 'float32');
  if (target === 'chromium-webgpu' || target === 'node-webgpu') return of(webgpu).map(resident);
  if (target === 'chromium') {
    return [
      ...of(chromium).map(resident),
      ...of(chromium.filter((id) => endToEnd.includes(id))).map(row('end-to-end', 'float32')),
    ];
  }
  return [
    ...shapes.map(resident),
    ...FLOAT_DTYPES.filter((dtype) => dtype !== 'float32').flatMap((dtype) =>
      of(sixteenBit).map(row('resident', dtype)),
    ),
    ...of(endToEnd).map(row('end-to-end', 'float32')),
  ];
}
