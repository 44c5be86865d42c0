import type { FloatDType } from '@rmsnorm/core';
import type { CandidateName } from './candidate.ts';
import type { Place, Target } from './spec.ts';

/** How fast ours should be on one thread: its speed over another candidate's. */
export interface Goal {
  readonly target: Target;
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly over: CandidateName;
  /** The names of families, or every family of forward. */
  readonly families: 'forward' | readonly string[];
  /** The ids of sizes, or all sizes of those families. */
  readonly shapes: 'all' | readonly string[];
  /** Whether each size has to reach it, or their geometric mean. */
  readonly of: 'each' | 'geometric mean';
  readonly atLeast: number;
}

/** The first goals are one for each size: the caches that hold x decide what reading it a second time costs. */
export const GOALS: readonly Goal[] = [
  ceiling('float32', 0.9, { shapes: ['8192x4096'] }),
  ceiling('float32', 0.85, { shapes: ['2048x1024'] }),
  ceiling('float32', 0.8, { shapes: ['100000x64'], families: ['head-dim'] }),
  ceiling('float32', 0.55, { shapes: ['64x4096', '512x1024'], families: ['llm'] }),
  ceiling('float32', 0.7, { shapes: ['2x512x64x64', '64x512x4x4'], families: ['channels-first'] }),
  // Sizes beyond the caches. Within them, the conversion of 16-bit types takes longer than the copy.
  ceiling('bfloat16', 0.5, { shapes: ['8192x4096', '100000x64'] }),
  ceiling('float16', 0.35, { shapes: ['8192x4096', '100000x64'] }),
  // Sizes beyond the caches.
  ceiling('float32', 0.8, { families: ['add-forward'], shapes: ['4096x2048'] }),
  ceiling('float32', 0.35, { families: ['gated-forward'], shapes: ['4096x2048'] }),
  ceiling('float32', 0.65, { families: ['backward'], shapes: ['4096x2048', '100000x64'] }),
  ceiling('float32', 0.5, { families: ['backward-channels-first'], shapes: ['2x512x64x64'] }),
  ceiling('float32', 0.5, { families: ['quantized'], shapes: ['4096x2048'] }),
  resident('onnxruntime-wasm', 4),
  { ...resident('onnxruntime-wasm', 8), of: 'geometric mean' },
  resident('tfjs-wasm', 4),
  // Sizes beyond the caches. Within them, the kernel alone takes longer than the copy.
  { ...resident('array-set', 0.65), place: 'end-to-end', shapes: ['2048x1024', '8192x4096', '100000x64'] },
  { ...resident('onnxruntime-wasm', 2), place: 'end-to-end', of: 'geometric mean' },
  webgpu('onnxruntime-webgpu', 1.5),
  webgpu('tfjs-webgpu', 4),
];

/** The most that a call of forward with `out` may cost beyond its kernel. */
export const OVERHEAD_GOAL_NS = 500;

/**
 * One row within the first-level cache. It is judged by the kernel itself: what a call costs beyond it would be half of the
 * time. It is compared with plain-copy, of whose speed plain kernels reached 0.36 to 0.41 when the goal was set. Of simd-copy
 * a kernel can reach a third at most, as it has three multiplications for each vector.
 */
export const KERNEL_GOAL = { shape: '1x4096', atLeast: 0.45 } as const;

function resident(over: CandidateName, atLeast: number): Goal {
  const common = { target: 'node', place: 'resident', dtype: 'float32', of: 'each' } as const;
  return { ...common, families: 'forward', shapes: 'all', over, atLeast };
}

function ceiling(dtype: FloatDType, atLeast: number, where: Partial<Goal> = {}): Goal {
  return { ...resident('simd-copy', atLeast), dtype, ...where };
}

function webgpu(over: CandidateName, atLeast: number): Goal {
  return { ...resident(over, atLeast), target: 'chromium-webgpu', shapes: ['2048x1024', '100000x64'] };
}
