import { type BenchShape, channelsFirst, rows } from '../shapes.ts';
import type { BenchOp } from '../spec.ts';
import type { TableRow } from './row.ts';

/** From calls so small that they stay on one thread to tensors far beyond the caches. */
const SHAPES: readonly BenchShape[] = [
  rows(8, 1024),
  rows(16, 1024),
  rows(32, 1024),
  rows(64, 1024),
  rows(1024, 64),
  rows(4, 16384),
  rows(64, 4096),
  rows(4096, 64),
  channelsFirst([2, 512, 32, 32]),
  rows(128, 4096),
  rows(256, 4096),
  channelsFirst([1, 512, 64, 64]),
  channelsFirst([2, 512, 64, 64]),
  rows(1024, 4096),
  rows(4096, 4096),
];

/** The sizes at which several threads are compared with one. */
export function threadRows(): TableRow[] {
  const family = (name: string, op: BenchOp): TableRow[] =>
    SHAPES.map((shape) => ({ family: name, op, place: 'resident', dtype: 'float32', shape }));
  return [
    ...family('forward', 'forward'),
    ...family('add-forward', 'addForward'),
    ...family('gated-forward', 'gatedForward'),
  ];
}
