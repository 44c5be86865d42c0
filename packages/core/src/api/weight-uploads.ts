import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import type { WeightBuffers } from '../operations/weights.ts';
import type { HostTensor } from '../values/host-data.ts';
import { asFloat32 } from '../values/host-tensor.ts';

interface Upload extends WeightBuffers<unknown> {
  readonly tensors: readonly Tensor[];
}

const NONE: WeightBuffers<unknown> = Object.freeze({ gamma: null, beta: null });

/** gamma and beta of one norm on every backend that has asked for them, as float32. */
export class WeightUploads {
  readonly #uploads = new Map<BackendInternals<unknown>, Upload>();

  /** The buffers on `internals`, uploaded at the first call. */
  on(internals: BackendInternals<unknown>, gamma: HostTensor | null, beta: HostTensor | null): WeightBuffers<unknown> {
    if (gamma === null && beta === null) return NONE;
    return this.#uploads.get(internals) ?? this.#upload(internals, gamma, beta);
  }

  /** Frees every upload. */
  clear(): void {
    for (const { tensors } of this.#uploads.values()) for (const tensor of tensors) tensor.dispose();
    this.#uploads.clear();
  }

  #upload(internals: BackendInternals<unknown>, gamma: HostTensor | null, beta: HostTensor | null): Upload {
    // A disposed backend must not be kept alive by what was once uploaded to it.
    for (const other of this.#uploads.keys()) if (other.disposed) this.#uploads.delete(other);

    const tensors: Tensor[] = [];
    const place = (host: HostTensor | null): unknown => {
      if (host === null) return null;
      const tensor = internals.backend.tensor(asFloat32(host), host.shape);
      tensors.push(tensor);
      return bufferOf(internals, tensor, 'a weight');
    };
    try {
      const upload = { gamma: place(gamma), beta: place(beta), tensors };
      this.#uploads.set(internals, upload);
      return upload;
    } catch (error) {
      for (const tensor of tensors) tensor.dispose();
      throw error;
    }
  }
}
