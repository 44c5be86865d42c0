import type { Elements, Workload } from './workload.ts';

/** Somebody's way to do a workload, ready to be timed. */
export interface Candidate {
  /** What must be so before a turn and costs nobody time: a library's global backend is set to this candidate's. */
  enter?(): void;
  /** Does the work `count` times, to its end. */
  run(count: number): void | Promise<void>;
  /** Of the last run, by the outputs' names; of a copy the bytes. */
  result(): Promise<Outputs | CopiedBytes>;
  dispose(): Promise<void> | void;
}

export type Outputs = Readonly<Record<string, Elements>>;

export interface CopiedBytes {
  readonly copied: Uint8Array;
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
  | 'rmsnorm-webgpu'
  | 'simd-copy'
  | 'plain-copy'
  | 'memory.copy'
  | 'array-set'
  | 'array-slice'
  | 'wgsl-copy'
  | 'buffer-copy'
  | 'onnxruntime-wasm'
  | 'onnxruntime-kernel'
  | 'onnxruntime-node'
  | 'onnxruntime-webgpu'
  | 'tfjs-wasm'
  | 'tfjs-cpu'
  | 'tfjs-webgpu'
  | 'jax-wasm'
  | 'jax-webgpu'
  | 'plain-js';

/** A wrong result, or none, of one of these is a failure of the bench. */
export function isOurs(name: CandidateName): boolean {
  return name.startsWith('rmsnorm');
}
