import type { Op, RMSNormError } from '@rmsnorm/core';
import type { Memory } from '../memory/block.ts';
import type { Pipeline } from './pipelines.ts';

/** Where a binding's memory comes from: an operand by its position, or a scratch buffer where that is -1. */
export interface BindingSource {
  readonly operand: number;
  readonly scratch: number;
  readonly offset: number;
  readonly size: number | undefined;
}

/** A dispatch with all that can be known before its buffers are. */
export interface ReadyDispatch {
  readonly pipeline: Pipeline;
  readonly sources: readonly BindingSource[];
  readonly uniforms: UniformRange | null;
  readonly workgroups: readonly [number, number, number];
  /** Most recent first. */
  readonly groups: CachedBindGroup[];
  fault: RMSNormError | null;
}

export interface CachedBindGroup {
  /** Of its blocks and scratch buffers, in their order. */
  readonly bindingIds: readonly number[];
  readonly group: GPUBindGroup;
}

export interface UniformRange {
  readonly offset: number;
  readonly size: number;
}

/** A plan with its pipelines and uniforms, to be encoded with any buffers that share memory in the same way. */
export interface ReadyPlan {
  readonly key: string;
  readonly op: Op;
  /** Which operands there are, a bit for each. */
  readonly present: number;
  /** The key of how they share memory. */
  readonly aliases: string;
  readonly dispatches: readonly ReadyDispatch[];
  /** Bytes of each scratch buffer. */
  readonly scratch: readonly number[];
  /** Those of all dispatches. */
  readonly uniforms: Memory | null;
  /** The scratch buffers of its last use. */
  lastScratch: readonly Memory[];
  readonly fault: () => RMSNormError | null;
  usedAt: number;
  evicted: boolean;
}
