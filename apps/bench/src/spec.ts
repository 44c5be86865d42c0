import type { FloatDType } from '@rmsnorm/core';
import type { BenchShape } from './shapes.ts';

/** The comparisons with peers: in Node, in a page of Chromium, and on the WebGPU device of either. */
export const PEER_TARGETS = ['node', 'node-webgpu', 'chromium', 'chromium-webgpu'] as const;

export type PeerTarget = (typeof PEER_TARGETS)[number];

/**
 * What can be measured. Beside the comparisons with peers: `gpu-clock`, kernels by the GPU's own clock, beside copies;
 * `cuda`, kernels on an NVIDIA GPU, beside its copy; and `threads`, several threads over one.
 */
export type Target = PeerTarget | 'gpu-clock' | 'cuda' | 'threads';

export const TARGETS: readonly Target[] = [...PEER_TARGETS, 'gpu-clock', 'cuda', 'threads'];

/** Where the tensors are: in the candidate's own memory, or in typed arrays outside of it, before and after. */
export type Place = 'resident' | 'end-to-end';

export type BenchOp = 'forward' | 'addForward' | 'gatedForward' | 'backward' | 'forwardQuantized';

/** One row of a table, before its data is made. */
export interface Spec {
  /** `node/llm/resident/float32/64x4096`. */
  readonly id: string;
  readonly target: Target;
  /** The rows of one table, over which a geometric mean is taken. */
  readonly family: string;
  readonly op: BenchOp;
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly shape: BenchShape;
  /** How many threads each candidate may use. */
  readonly threads: number;
}
