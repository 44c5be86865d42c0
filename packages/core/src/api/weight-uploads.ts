import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import { requireFeatures, type WeightBuffers } from '../operations/weights.ts';
import type { HostTensor } from '../values/host-data.ts';
import { asFloat32 } from '../values/host-tensor.ts';
import { elementCount } from '../values/shape.ts';
import { copyOf } from './state-dict.ts';

/** A copy of a weight as it was uploaded. */
type Copy = HostTensor | null;

interface Upload extends WeightBuffers<unknown> {
  readonly tensors: readonly Tensor[];
  readonly copies: readonly [gamma: Copy, beta: Copy];
  /** How often elements may have changed before they were last compared with the copies. */
  doubts: number;
}

type Bits = Uint32Array | Uint16Array;

const NONE: WeightBuffers<unknown> = Object.freeze({ gamma: null, beta: null });

/** gamma and beta of one norm on every backend that has asked for them, as float32. */
export class WeightUploads {
  readonly #uploads = new Map<BackendInternals<unknown>, Upload>();
  #doubts = 0;

  /**
   * The buffers on `internals`, uploaded at the first call.
   * @throws RMSNormError SHAPE where an array has another length than it had, OUT_OF_MEMORY
   */
  on(internals: BackendInternals<unknown>, gamma: HostTensor | null, beta: HostTensor | null): WeightBuffers<unknown> {
    if (gamma === null && beta === null) return NONE;
    const upload = this.#uploads.get(internals);
    if (upload === undefined) return this.#upload(internals, gamma, beta);
    return upload.doubts === this.#doubts ? upload : this.#compared(internals, upload, gamma, beta);
  }

  /** Elements may change from now on, and nobody may tell: the next call on each backend compares them. */
  doubt(): void {
    this.#doubts += 1;
  }

  /** Frees every upload. */
  clear(): void {
    for (const { tensors } of this.#uploads.values()) for (const tensor of tensors) tensor.dispose();
    this.#uploads.clear();
  }

  /** The upload, or a new one where elements changed. */
  #compared(
    internals: BackendInternals<unknown>,
    upload: Upload,
    gamma: HostTensor | null,
    beta: HostTensor | null,
  ): Upload {
    const changes = [hasChanged(gamma, upload.copies[0], 'gamma'), hasChanged(beta, upload.copies[1], 'beta')];
    if (changes.includes(true)) {
      this.#uploads.delete(internals);
      for (const tensor of upload.tensors) tensor.dispose();
      return this.#upload(internals, gamma, beta);
    }
    upload.doubts = this.#doubts;
    return upload;
  }

  #upload(internals: BackendInternals<unknown>, gamma: HostTensor | null, beta: HostTensor | null): Upload {
    // A disposed backend must not be kept alive by what was once uploaded to it.
    for (const other of this.#uploads.keys()) if (other.disposed) this.#uploads.delete(other);

    // Both, before anything is allocated: that may move the memory that they are views of.
    const copies = [gamma && copyOf(gamma, 'gamma'), beta && copyOf(beta, 'beta')] as const;
    const tensors: Tensor[] = [];
    const place = (copy: Copy): unknown => {
      if (copy === null) return null;
      const tensor = internals.backend.tensor(asFloat32(copy), copy.shape);
      // A running tidy must not dispose of it: it belongs to the norm.
      internals.keep(tensor);
      tensors.push(tensor);
      return bufferOf(internals, tensor, 'a weight');
    };
    try {
      const upload = { gamma: place(copies[0]), beta: place(copies[1]), tensors, copies, doubts: this.#doubts };
      this.#uploads.set(internals, upload);
      return upload;
    } catch (error) {
      for (const tensor of tensors) tensor.dispose();
      throw error;
    }
  }
}

/** @throws RMSNormError SHAPE */
function hasChanged(host: HostTensor | null, copy: Copy, name: string): boolean {
  // An array whose memory is gone has no elements: there is nothing to upload.
  if (host === null || copy === null || host.data.length === 0) return false;
  requireFeatures([host.data.length], name, elementCount(copy.shape));
  const uploaded = bitsOf(copy);
  return bitsOf(host).some((value, i) => value !== uploaded[i]);
}

/** Elements as bits, so that NaN equals itself and -0 is not 0. */
function bitsOf({ data: { buffer, byteOffset, length, BYTES_PER_ELEMENT } }: HostTensor): Bits {
  return BYTES_PER_ELEMENT === 4
    ? new Uint32Array(buffer, byteOffset, length)
    : new Uint16Array(buffer, byteOffset, length);
}
