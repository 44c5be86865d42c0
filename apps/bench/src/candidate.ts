import type { Workload } from './workload.ts';

/** Somebody's way to do a workload, ready to be timed. */
export interface Candidate {
  /** Does the work `count` times. */
  run(count: number): void | Promise<void>;
  /** y of the last run; x again from a copy. */
  result(): Promise<Float32Array | Uint16Array>;
  dispose(): Promise<void> | void;
}

/** Why a candidate cannot do a workload. */
export interface Unable {
  readonly unable: string;
}

/** A way to make a candidate for a workload. */
export interface Entrant {
  readonly name: CandidateName;
  /** A copy moves the same bytes and computes nothing. */
  readonly does: 'norm' | 'copy';
  /** In words, for the legend of the tables. */
  readonly about: string;
  create(work: Workload): Promise<Candidate | Unable>;
}

export type CandidateName =
  | 'rmsnorm-wasm'
  | 'simd-copy'
  | 'memory.copy'
  | 'array-set'
  | 'array-slice'
  | 'onnxruntime-wasm'
  | 'onnxruntime-kernel'
  | 'tfjs-wasm'
  | 'plain-js';
