import { RMSNormError } from '../values/errors.ts';
import type { Tensor } from './backend.ts';
import { objectsIn } from './objects-in.ts';

/** Knows whose memory is reached by a handle or a view that a tensor gave out, or by a tensor that wraps one. */
export class Lending {
  /** The tensor whose memory a handle, or a tensor that wraps one, is; null where it is the caller's own. */
  readonly #lenders = new WeakMap<object, Tensor | null>();
  readonly #memoryOf: (tensor: Tensor) => Uint8Array | null;

  /** @param memoryOf a tensor, where the host can address it */
  constructor(memoryOf: (tensor: Tensor) => Uint8Array | null) {
    this.#memoryOf = memoryOf;
  }

  /** `tensor` gave out a handle to its memory. */
  lend(tensor: Tensor, handle: unknown): void {
    const lender = this.#lenders.get(tensor);
    if (isObject(handle)) this.#lenders.set(handle, lender === undefined ? tensor : lender);
  }

  /** `tensor` wraps a handle: to memory of one of `tensors`, or to the caller's. */
  wrap(tensor: Tensor, handle: unknown, tensors: readonly Tensor[]): void {
    const memory = this.#memoryOf(tensor);
    // From now on it has none of its own, which could be found in place of the one that is looked for.
    this.#lenders.set(tensor, null);
    // A handle may be an object with the buffer in it, and an offset.
    const known = [...objectsIn(handle)].map((object) => this.#lenders.get(object)).find(Boolean);
    const lender = known ?? tensors.find((other) => overlap(memory, this.#ownMemory(other)));
    if (lender) this.#lenders.set(tensor, lender);
  }

  /**
   * Before a tidy disposes of `tensors`, but for those that are among the objects of its result.
   * @throws RMSNormError DISPOSED where the result has memory of the others
   */
  refuse(objects: ReadonlySet<object>, tensors: ReadonlySet<Tensor>): void {
    const goes = (tensor: Tensor): boolean => tensors.has(tensor) && !objects.has(tensor);
    let memories: Map<ArrayBufferLike, Uint8Array[]> | null = null;
    for (const object of objects) {
      const lender = this.#lenders.get(object);
      if (lender && goes(lender)) throw lent();
      if (!ArrayBuffer.isView(object)) continue;
      memories ??= this.#memories([...tensors].filter(goes));
      if (memories.get(object.buffer)?.some((memory) => overlap(object, memory))) throw lent();
    }
  }

  /** By the buffers in which they lie. */
  #memories(tensors: readonly Tensor[]): Map<ArrayBufferLike, Uint8Array[]> {
    const found = new Map<ArrayBufferLike, Uint8Array[]>();
    for (const tensor of tensors) {
      const memory = this.#ownMemory(tensor);
      if (memory === null) continue;
      const others = found.get(memory.buffer);
      if (others) others.push(memory);
      else found.set(memory.buffer, [memory]);
    }
    return found;
  }

  /** Null where it wraps what is not its own. */
  #ownMemory(tensor: Tensor): Uint8Array | null {
    return this.#lenders.has(tensor) ? null : this.#memoryOf(tensor);
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function overlap(a: ArrayBufferView | null, b: Uint8Array | null): boolean {
  if (a === null || b === null || a.buffer !== b.buffer || a.byteLength === 0) return false;
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}

function lent(): RMSNormError {
  return new RMSNormError(
    'DISPOSED',
    'tidy() was to return memory of a tensor that it disposes of: return the tensor with it, or a copy by view().slice() or data()',
  );
}
