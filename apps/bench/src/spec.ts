import type { FloatDType } from '@rmsnorm/core';
import type { BenchShape } from './shapes.ts';

/** Where the candidates run: Node, a page of Chromium, or the WebGPU device of one of them. */
export type Target = 'node' | 'node-webgpu' | 'chromium' | 'chromium-webgpu';

export const TARGETS: readonly Target[] = ['node', 'node-webgpu', 'chromium', 'chromium-webgpu'];

export function isWebGPU(target: Target): boolean {
  return target.endsWith('-webgpu');
}

/** Where the tensors lie: in the candidate's own memory, or in typed arrays outside of it, in and out. */
export type Place = 'resident' | 'end-to-end';

export type BenchOp = 'forward' | 'addForward' | 'gatedForward' | 'backward' | 'forwardQuantized';

/** One row of a table, before its data is made. */
export interface Spec {
  /** `node/llm/resident/float32/64x4096`. */
  readonly id: string;
  readonly target: Target;
  /** Rows of a table, and what a geometric mean is taken over. */
  readonly family: string;
  readonly op: BenchOp;
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly shape: BenchShape;
  /** How many threads each candidate may use. */
  readonly threads: number;
}
