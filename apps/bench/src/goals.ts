import type { FloatDType } from '@rmsnorm/core';
import type { CandidateName } from './candidate.ts';
import type { Place } from './workload.ts';

/** How fast @rmsnorm/wasm is to be, as its speed over another's. */
export interface Goal {
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly over: CandidateName;
  /** Ids of sizes, or all sizes of the tables. */
  readonly shapes: 'all' | readonly string[];
  /** Whether every size has to reach it, or their geometric mean. */
  readonly of: 'each' | 'geometric mean';
  readonly atLeast: number;
}

/** The goals of float32 in memory, inner = 1, stand by size: what the caches hold decides what a second read of x costs. */
export const GOALS: readonly Goal[] = [
  { ...ceiling('float32'), shapes: ['8192x4096'], atLeast: 0.9 },
  { ...ceiling('float32'), shapes: ['2048x1024'], atLeast: 0.85 },
  { ...ceiling('float32'), shapes: ['100000x64'], atLeast: 0.8 },
  { ...ceiling('float32'), shapes: ['64x4096', '512x1024'], atLeast: 0.55 },
  { ...ceiling('float32'), shapes: ['1x4096'], atLeast: 0.45 },
  { ...ceiling('float32'), shapes: ['2x512x64x64', '64x512x4x4'], atLeast: 0.7 },
  { ...ceiling('bfloat16'), shapes: 'all', atLeast: 0.5 },
  { ...ceiling('float16'), shapes: 'all', atLeast: 0.35 },
  { place: 'resident', dtype: 'float32', over: 'onnxruntime-wasm', shapes: 'all', of: 'each', atLeast: 4 },
  { place: 'resident', dtype: 'float32', over: 'onnxruntime-wasm', shapes: 'all', of: 'geometric mean', atLeast: 8 },
  { place: 'resident', dtype: 'float32', over: 'tfjs-wasm', shapes: 'all', of: 'each', atLeast: 4 },
  { place: 'outside', dtype: 'float32', over: 'array-set', shapes: 'all', of: 'each', atLeast: 0.65 },
  { place: 'outside', dtype: 'float32', over: 'onnxruntime-wasm', shapes: 'all', of: 'geometric mean', atLeast: 2 },
];

/** What a call of forward with `out` may cost beyond its kernel. */
export const OVERHEAD_GOAL_NS = 500;

function ceiling(dtype: FloatDType): Pick<Goal, 'place' | 'dtype' | 'over' | 'of'> {
  return { place: 'resident', dtype, over: 'simd-copy', of: 'each' };
}
