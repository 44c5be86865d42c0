import { type BenchShape, rows } from '../src/shapes.ts';
import type { BenchOp } from '../src/spec.ts';
import { makeWorkload, type Workload } from '../src/workload.ts';
import { smallSpec } from './small-specs.ts';

export function smallWorkload(op: BenchOp, shape: BenchShape = rows(2, 8)): Workload {
  return makeWorkload(
    smallSpec({ target: 'node', family: 'test', place: 'resident', dtype: 'float32', op, shape, threads: 1 }),
  );
}
