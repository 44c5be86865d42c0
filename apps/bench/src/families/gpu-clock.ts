import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import { type BenchShape, channelsFirst, rows, withoutWeights } from '../shapes.ts';
import type { BenchOp } from '../spec.ts';
import type { TableRow } from './row.ts';

/** From a few MB, where launching the kernel shows, to far beyond the caches of any GPU. */
const FORWARD: readonly BenchShape[] = [
  rows(8192, 4096),
  rows(2048, 1024),
  rows(65536, 1024),
  rows(2048, 8192),
  rows(1024, 16384),
  rows(128, 131072),
  rows(100_000, 64),
  rows(1_000_000, 64),
  rows(262144, 128),
  rows(100_001, 63),
  channelsFirst([2, 512, 64, 64]),
  channelsFirst([64, 512, 32, 32]),
];

const OTHERS: readonly BenchShape[] = [rows(8192, 4096), rows(262144, 128), channelsFirst([64, 512, 32, 32])];

/** The sizes at which kernels are timed by the GPU's own clock. */
export function gpuClockRows(): TableRow[] {
  const row = (family: string, op: BenchOp, dtype: FloatDType, shape: BenchShape): TableRow => ({
    ...{ family, op, dtype, shape },
    place: 'resident',
  });
  const others = (family: string, op: BenchOp, shapes = OTHERS): TableRow[] =>
    (['float32', 'float16'] as const).flatMap((dtype) => shapes.map((shape) => row(family, op, dtype, shape)));
  return [
    ...FLOAT_DTYPES.flatMap((dtype) => FORWARD.map((shape) => row('forward', 'forward', dtype, shape))),
    ...others('add-forward', 'addForward'),
    ...others('gated-forward', 'gatedForward'),
    // Of dx alone: each call would make a new dgamma, and its bytes are not counted.
    ...others('backward', 'backward', OTHERS.map(withoutWeights)),
    ...others('quantized', 'forwardQuantized'),
  ];
}
