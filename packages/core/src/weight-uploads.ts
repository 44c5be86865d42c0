import type { HostTensor, Tensor } from './backend.ts';
import type { Engine } from './engine.ts';
import { asFloat32 } from './host-tensor.ts';
import { bufferOf } from './identity.ts';
import type { WeightBuffers } from './weights.ts';

interface Upload extends WeightBuffers<unknown> {
  readonly tensors: readonly Tensor[];
}

const NONE: WeightBuffers<unknown> = Object.freeze({ gamma: null, beta: null });

/** gamma and beta of one norm on every backend that has asked for them, as float32. */
export class WeightUploads {
  readonly #uploads = new Map<Engine<unknown>, Upload>();

  /** The buffers on `engine`, uploaded at the first call. */
  on(engine: Engine<unknown>, gamma: HostTensor | null, beta: HostTensor | null): WeightBuffers<unknown> {
    if (gamma === null && beta === null) return NONE;
    return this.#uploads.get(engine) ?? this.#upload(engine, gamma, beta);
  }

  /** Frees every upload. */
  clear(): void {
    for (const { tensors } of this.#uploads.values()) for (const tensor of tensors) tensor.dispose();
    this.#uploads.clear();
  }

  #upload(engine: Engine<unknown>, gamma: HostTensor | null, beta: HostTensor | null): Upload {
    // A disposed backend must not be kept alive by what was once uploaded to it.
    for (const other of this.#uploads.keys()) if (other.disposed) this.#uploads.delete(other);

    const tensors: Tensor[] = [];
    const place = (host: HostTensor | null): unknown => {
      if (host === null) return null;
      const tensor = engine.backend.tensor(asFloat32(host), host.shape);
      tensors.push(tensor);
      return bufferOf(engine, tensor, 'a weight');
    };
    try {
      const upload = { gamma: place(gamma), beta: place(beta), tensors };
      this.#uploads.set(engine, upload);
      return upload;
    } catch (error) {
      for (const tensor of tensors) tensor.dispose();
      throw error;
    }
  }
}
