import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import type { Operand } from '../driver/operations.ts';
import type { Problem } from '../driver/problem.ts';
import type { DType } from '../values/dtype.ts';
import { unreachable } from '../values/unreachable.ts';
import { bufferFor, sameMemory } from './buffer-for.ts';
import type { WeightBuffers } from './weights.ts';

/** A result: the tensor that the caller gets, and the driver's buffer of it. */
export interface Output<B> {
  readonly tensor: Tensor;
  readonly buffer: B;
}

/** An operand that was checked, and the one before it. */
interface Checked<B> {
  readonly name: string;
  readonly buffer: B;
  readonly previous: Checked<B> | null;
}

/**
 * The operands of one call, held to the table OPERATIONS: checks dtype and shape of each tensor, refuses memory that may
 * not be shared, allocates the results that are not given. Name the inputs first, then the outputs; if anything fails,
 * call `undo`. Small calls must be fast: hence a linked list, and no closure around an operation, which engines do not
 * inline.
 */
export class CheckedOperands<B> {
  readonly #internals: BackendInternals<B>;
  readonly #problem: Problem;
  readonly #shape: readonly number[];
  #latest: Checked<B> | null = null;
  #created: Tensor[] | null = null;

  /** @param shape of x */
  constructor(internals: BackendInternals<B>, problem: Problem, shape: readonly number[]) {
    this.#internals = internals;
    this.#problem = problem;
    this.#shape = shape;
  }

  /** @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE */
  input(operand: Operand, tensor: Tensor): B {
    const { name } = operand;
    const shape = shapeOf(operand, this.#problem, this.#shape);
    return this.#add(name, bufferFor(this.#internals, tensor, name, shape, dtypeOf(operand, this.#problem)));
  }

  /** Notes gamma and beta, which were checked before, as memory that no output may be. */
  weights(weights: WeightBuffers<B>): WeightBuffers<B> {
    if (weights.gamma !== null) this.#add('gamma', weights.gamma);
    if (weights.beta !== null) this.#add('beta', weights.beta);
    return weights;
  }

  /**
   * @param tensor the caller's, else a new one is made
   * @param name as the caller knows it
   * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE, ALIASING, OUT_OF_MEMORY
   */
  output(operand: Operand, tensor: Tensor | undefined, name: string = operand.name): Output<B> {
    return this.outputOf(shapeOf(operand, this.#problem, this.#shape), operand, tensor, name);
  }

  /** As {@link output}, of a shape that the table does not say. */
  outputOf(
    shape: readonly number[],
    operand: Operand,
    tensor: Tensor | undefined,
    name: string = operand.name,
  ): Output<B> {
    if (tensor === undefined) return this.#newOutput(operand, shape);
    return { tensor, buffer: this.#given(operand, tensor, name, shape) };
  }

  /** As {@link output}, but null where no tensor is given. */
  optionalOutput(operand: Operand, tensor: Tensor | undefined, name: string = operand.name): B | null {
    if (tensor === undefined) return null;
    return this.#given(operand, tensor, name, shapeOf(operand, this.#problem, this.#shape));
  }

  #given(operand: Operand, tensor: Tensor, name: string, shape: readonly number[]): B {
    const buffer = bufferFor(this.#internals, tensor, name, shape, dtypeOf(operand, this.#problem));
    for (let other = this.#latest; other !== null; other = other.previous) {
      if (other.buffer === buffer && !(operand.mayBe as readonly string[]).includes(other.name)) {
        throw sameMemory(name, other.name);
      }
    }
    return this.#add(name, buffer);
  }

  #newOutput(operand: Operand, shape: readonly number[]): Output<B> {
    const tensor = this.#internals.allocate(shape, dtypeOf(operand, this.#problem));
    if (this.#created === null) this.#created = [tensor];
    else this.#created.push(tensor);
    return { tensor, buffer: this.#add(operand.name, bufferOf(this.#internals, tensor, operand.name)) };
  }

  /** Frees what was allocated, as the operation failed; gives the error, to be thrown on. */
  undo(error: unknown): unknown {
    for (const tensor of this.#created ?? []) tensor.dispose();
    return error;
  }

  #add(name: string, buffer: B): B {
    this.#latest = { name, buffer, previous: this.#latest };
    return buffer;
  }
}

function dtypeOf({ dtype }: Operand, problem: Problem): DType {
  return dtype === 'x' ? problem.dtype : dtype;
}

function shapeOf({ extent }: Operand, problem: Problem, shapeOfX: readonly number[]): readonly number[] {
  switch (extent) {
    case 'elements':
      return shapeOfX;
    case 'features':
      return [problem.groups, problem.size];
    case 'rows':
      return [problem.outer, problem.groups, problem.inner];
    case 'positions':
      return [problem.outer, problem.inner];
    default:
      return unreachable(extent, 'extent');
  }
}
