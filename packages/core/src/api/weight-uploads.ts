import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import type { WeightBuffers } from '../operations/weights.ts';
import type { HostTensor } from '../values/host-data.ts';
import { asFloat32 } from '../values/host-tensor.ts';

interface Upload extends WeightBuffers<unknown> {
  readonly tensors: readonly Tensor[];
}

/** A weight, and the bits of its elements as they were uploaded. */
interface Uploaded {
  readonly host: HostTensor;
  readonly bits: Bits;
}

type Bits = Uint32Array | Uint16Array;

const NONE: WeightBuffers<unknown> = Object.freeze({ gamma: null, beta: null });

/** gamma and beta of one norm on every backend that has asked for them, as float32. */
export class WeightUploads {
  readonly #uploads = new Map<BackendInternals<unknown>, Upload>();
  #uploaded: readonly Uploaded[] | null = null;
  #doubtful = false;

  /** The buffers on `internals`, uploaded at the first call. */
  on(internals: BackendInternals<unknown>, gamma: HostTensor | null, beta: HostTensor | null): WeightBuffers<unknown> {
    if (gamma === null && beta === null) return NONE;
    if (this.#doubtful) this.#compare();
    return this.#uploads.get(internals) ?? this.#upload(internals, gamma, beta);
  }

  /** Elements may change from now on, and nobody may tell: the next call compares them with what was uploaded. */
  doubt(): void {
    this.#doubtful = true;
  }

  /** Frees every upload. */
  clear(): void {
    for (const { tensors } of this.#uploads.values()) for (const tensor of tensors) tensor.dispose();
    this.#uploads.clear();
    this.#uploaded = null;
    this.#doubtful = false;
  }

  #compare(): void {
    this.#doubtful = false;
    if (this.#uploaded?.some(hasChanged)) this.clear();
  }

  #upload(internals: BackendInternals<unknown>, gamma: HostTensor | null, beta: HostTensor | null): Upload {
    // A disposed backend must not be kept alive by what was once uploaded to it.
    for (const other of this.#uploads.keys()) if (other.disposed) this.#uploads.delete(other);

    const tensors: Tensor[] = [];
    const place = (host: HostTensor | null): unknown => {
      if (host === null) return null;
      const tensor = internals.backend.tensor(asFloat32(host), host.shape);
      // A running tidy must not dispose of it: it belongs to the norm.
      internals.keep(tensor);
      tensors.push(tensor);
      return bufferOf(internals, tensor, 'a weight');
    };
    try {
      const upload = { gamma: place(gamma), beta: place(beta), tensors };
      this.#uploads.set(internals, upload);
      const hosts = [gamma, beta].filter((host) => host !== null);
      this.#uploaded ??= hosts.map((host) => ({ host, bits: bitsOf(host).slice() }));
      return upload;
    } catch (error) {
      for (const tensor of tensors) tensor.dispose();
      throw error;
    }
  }
}

function hasChanged({ host, bits }: Uploaded): boolean {
  // A view whose memory is gone has no elements: there is nothing to upload.
  if (host.data.length !== bits.length) return false;
  return bitsOf(host).some((value, i) => value !== bits[i]);
}

/** Elements as bits, so that NaN equals itself and -0 is not 0. */
function bitsOf({ data: { buffer, byteOffset, length, BYTES_PER_ELEMENT } }: HostTensor): Bits {
  return BYTES_PER_ELEMENT === 4
    ? new Uint32Array(buffer, byteOffset, length)
    : new Uint16Array(buffer, byteOffset, length);
}
