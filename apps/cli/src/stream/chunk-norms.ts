import { type FloatDType, type HostTensor, type ResolvedOptions, RMSNorm } from '@rmsnorm/core';
import type { Weights } from '../files/weights.ts';
import type { Chunk } from './chunks.ts';

/** The norms that chunks need: one for each range of groups, with its part of gamma and beta. */
export class ChunkNorms {
  readonly #options: ResolvedOptions;
  readonly #weights: Weights;
  readonly #norms = new Map<string, RMSNorm>();

  constructor(options: ResolvedOptions, weights: Weights) {
    this.#options = options;
    this.#weights = weights;
  }

  /** The norm of a chunk, for tensors of {@link shapeOf}. */
  of({ groupStart, groups }: Chunk): RMSNorm {
    // Without weights all ranges of the same length are the same.
    const { gamma, beta } = this.#weights;
    const key = gamma || beta ? `${groupStart}+${groups}` : `${groups}`;
    let norm = this.#norms.get(key);
    if (norm) return norm;
    const { size, eps, epsMode, scale, partial, weightOffset, casting } = this.#options;
    const part = { affine: gamma !== null, bias: beta !== null };
    const options = { dim: groups * size, groups, axis: 1, eps, epsMode, scale, partial, weightOffset, casting };
    norm = new RMSNorm({ ...options, ...part });
    if (gamma) norm.gamma = slice(gamma, groupStart * size, groups * size);
    if (beta) norm.beta = slice(beta, groupStart * size, groups * size);
    this.#norms.set(key, norm);
    return norm;
  }

  shapeOf({ outers, groups, width }: Chunk): readonly number[] {
    return [outers, groups * this.#options.size, width];
  }

  dispose(): void {
    for (const norm of this.#norms.values()) norm.dispose();
  }
}

/** The elements that lie in `bytes`. */
export function elements(bytes: Uint8Array, dtype: FloatDType): Float32Array | Uint16Array {
  const { buffer, byteOffset, byteLength } = bytes;
  return dtype === 'float32'
    ? new Float32Array(buffer, byteOffset, byteLength / 4)
    : new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function slice(values: Float32Array, start: number, count: number): HostTensor {
  return { dtype: 'float32', shape: [count], data: values.subarray(start, start + count) };
}
