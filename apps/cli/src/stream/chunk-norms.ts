import { type FloatDType, type HostTensor, type ResolvedOptions, RMSNorm } from '@rmsnorm/core';
import type { Weights } from '../files/weights.ts';
import type { Chunk } from './chunks.ts';

/** The norms that chunks need. Each range of groups has one, with its part of gamma and beta. */
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
    // Without weights, ranges of the same length need the same norm.
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

/** The elements in `bytes`, without a copy. */
export function elements(
  { buffer, byteOffset, byteLength }: Uint8Array,
  dtype: FloatDType,
): Float32Array | Uint16Array {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    default:
      throw new Error(`no array holds ${dtype satisfies never}`);
  }
}

function slice(values: Float32Array, start: number, count: number): HostTensor {
  return { dtype: 'float32', shape: [count], data: values.subarray(start, start + count) };
}
