import type { Tensor } from './backend.ts';
import type { DType } from './dtype.ts';
import type { Engine } from './engine.ts';
import { RMSNormError } from './errors.ts';
import { bufferOf } from './identity.ts';
import { bufferFor } from './targets.ts';

/** A result: the tensor that the caller gets, and the driver's buffer of it. */
export interface Output<B> {
  readonly tensor: Tensor;
  readonly buffer: B;
}

/** An operand, and the one that was registered before. */
interface Operand<B> {
  readonly name: string;
  readonly buffer: B;
  readonly previous: Operand<B> | null;
}

/**
 * The operands of one operation: checks each tensor, refuses memory that may not be shared, allocates the results that
 * are not given. Register inputs first, then outputs; whatever fails then, `undo`. Small calls count: hence a list
 * that is linked, and no closure around an operation, which engines do not inline.
 */
export class Call<B> {
  readonly #engine: Engine<B>;
  #latest: Operand<B> | null = null;
  #created: Tensor[] | null = null;

  constructor(engine: Engine<B>) {
    this.#engine = engine;
  }

  /** @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE */
  input(name: string, tensor: Tensor, shape: readonly number[], dtype: DType): B {
    return this.#register(name, bufferFor(this.#engine, tensor, name, shape, dtype));
  }

  /** Registers a buffer that was checked before: gamma, beta. */
  checked(name: string, buffer: B | null): B | null {
    return buffer === null ? null : this.#register(name, buffer);
  }

  /**
   * @param given the caller's tensor, else a new one is made
   * @param inPlace inputs whose memory this output may be
   * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE, ALIASING, OUT_OF_MEMORY
   */
  output(
    name: string,
    given: Tensor | undefined,
    shape: readonly number[],
    dtype: DType,
    inPlace: readonly string[] = [],
  ): Output<B> {
    if (given) return { tensor: given, buffer: this.optional(name, given, shape, dtype, inPlace) as B };
    const tensor = this.#engine.allocate(shape, dtype);
    this.#created = [...(this.#created ?? []), tensor];
    return { tensor, buffer: this.#register(name, bufferOf(this.#engine, tensor, name)) };
  }

  /** As {@link output}, but null where none is given. */
  optional(
    name: string,
    given: Tensor | undefined,
    shape: readonly number[],
    dtype: DType,
    inPlace: readonly string[] = [],
  ): B | null {
    if (!given) return null;
    const buffer = bufferFor(this.#engine, given, name, shape, dtype);
    for (let other = this.#latest; other !== null; other = other.previous) {
      if (other.buffer === buffer && !inPlace.includes(other.name)) throw sameMemory(name, other.name);
    }
    return this.#register(name, buffer);
  }

  /** Frees what was allocated, as the operation failed; gives the error, to be thrown on. */
  undo(error: unknown): unknown {
    for (const tensor of this.#created ?? []) tensor.dispose();
    return error;
  }

  #register(name: string, buffer: B): B {
    this.#latest = { name, buffer, previous: this.#latest };
    return buffer;
  }
}

/** @throws RMSNormError ALIASING where an output is the same memory as another operand */
export function refuseSame<B>(name: string, buffer: B, other: string, otherBuffer: B | null): void {
  if (otherBuffer === buffer) throw sameMemory(name, other);
}

function sameMemory(name: string, other: string): RMSNormError {
  return new RMSNormError('ALIASING', `${name} and ${other} are the same memory: give ${name} a tensor of its own`);
}
