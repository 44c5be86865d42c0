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

/**
 * The operands of one operation: checks each tensor, refuses memory that may not be shared, allocates the results that
 * are not given. Register inputs first, then outputs.
 */
export class Call<B> {
  readonly #engine: Engine<B>;
  readonly #names: string[] = [];
  readonly #buffers: B[] = [];
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
    for (let i = 0; i < this.#buffers.length; i++) {
      const other = this.#names[i]!;
      if (!inPlace.includes(other)) refuseSame(name, buffer, other, this.#buffers[i]!);
    }
    return this.#register(name, buffer);
  }

  /** Frees what was allocated: for an operation that failed. */
  undo(): void {
    for (const tensor of this.#created ?? []) tensor.dispose();
  }

  #register(name: string, buffer: B): B {
    this.#names.push(name);
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** @throws RMSNormError ALIASING where an output is the same memory as another operand */
export function refuseSame<B>(name: string, buffer: B, other: string, otherBuffer: B | null): void {
  if (otherBuffer !== buffer) return;
  throw new RMSNormError('ALIASING', `${name} and ${other} are the same memory: give ${name} a tensor of its own`);
}

/** Runs one operation: whatever it throws, the results that it allocated are freed. */
export function calling<B, T>(engine: Engine<B>, operation: (call: Call<B>) => T): T {
  const call = new Call(engine);
  try {
    return operation(call);
  } catch (error) {
    call.undo();
    throw error;
  }
}
