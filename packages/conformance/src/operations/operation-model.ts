import type { Accuracy, DType, Op, Tensor } from '@rmsnorm/core';
import { type Case, NotApplicable, type Requirements, type Subject } from '../case/case.ts';
import { check } from '../case/failure.ts';
import { undeclared } from '../case/supported.ts';
import { read, type Tensors, withTensors } from '../case/tensors.ts';
import type { Observe } from '../expected/compare-result.ts';
import { arrange, featuresNeeded } from '../expected/normalization.ts';
import type { Elements } from '../inputs/distributions.ts';
import type { Random } from '../inputs/random.ts';
import type { ForwardSpec } from './forward-spec.ts';

export type Named<T> = Readonly<Record<string, T>>;

/** An input: its elements, and the shape of its tensor. */
export interface Operand {
  readonly content: Elements;
  readonly shape: readonly number[];
}

/** An output. */
export interface Slot {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Inputs whose memory it may be. */
  readonly inPlace?: readonly string[];
  /** `always` makes its own tensor; `asked` comes only where a tensor is given for it; else both ways are there. */
  readonly made?: 'always' | 'asked';
}

/** One call as data: what goes in, what comes out, and how that is judged. */
export interface Prepared {
  /** By the names of the contract; x is always there, gamma and beta where the norm has them. */
  readonly inputs: Named<Operand>;
  readonly outputs: Named<Slot>;
  call(inputs: Named<Tensor>, targets: Named<Tensor>): Named<Tensor>;
  /**
   * Holds the elements that came out against the formula in float64.
   * @param stale what the outputs were filled with before
   * @param observe is told the error of every element
   * @throws ConformanceFailure
   */
  compare(results: Named<ArrayLike<number>>, accuracy: Accuracy, stale?: number, observe?: Observe): void;
}

/** An operation of the contract other than forward. */
export interface Operation<S extends ForwardSpec> {
  readonly op: Op;
  requires(spec: S): Requirements;
  prepare(spec: S, random: Random): Prepared;
}

/** What a backend must declare for `op` to take `spec`. */
export function requirementsFor(op: Op, spec: ForwardSpec): Requirements {
  const extras = { beta: spec.beta != null, rstd: spec.rstd === true };
  return {
    op,
    dtypes: [spec.dtype ?? 'float32'],
    features: featuresNeeded(arrange(spec.options, spec.shape), extras),
    promises: spec.promises ?? [],
  };
}

/** Skips a case that needs a second operation where the backend does not declare it. */
export function alsoNeeds({ backend }: Subject, requires: Requirements): void {
  const lacking = undeclared(backend.supports, requires);
  if (lacking.length > 0) throw new NotApplicable(`not declared: ${lacking.join(', ')}`);
}

/** The tensors of all inputs. */
export function upload(tensors: Tensors, { inputs }: Prepared): Named<Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { content, shape }]) => [name, tensors.of(content, shape)]),
  );
}

/** A tensor for every output that comes only where it is asked for. */
export function askedFor(tensors: Tensors, { outputs }: Prepared): Named<Tensor> {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([, { made }]) => made === 'asked')
      .map(([name, { shape, dtype }]) => [name, tensors.empty(shape, dtype)]),
  );
}

/** Enqueues the call; checks that the results are the tensors that were asked for. */
export function perform(
  tensors: Tensors,
  prepared: Prepared,
  inputs: Named<Tensor> = upload(tensors, prepared),
  given: Named<Tensor> = {},
): Named<Tensor> {
  const targets = { ...askedFor(tensors, prepared), ...given };
  const results = { ...targets, ...prepared.call(inputs, targets) };
  for (const [name, tensor] of Object.entries(results)) {
    if (targets[name] === undefined) tensors.keep(tensor);
    else check(tensor === targets[name], `${name} was given a tensor, but another one came back`);
    const { dtype, shape } = prepared.outputs[name]!;
    check(
      tensor.dtype === dtype && String(tensor.shape) === String(shape),
      () => `${name} is ${tensor.dtype} [${tensor.shape}], not ${dtype} [${shape}]`,
    );
  }
  for (const name of Object.keys(prepared.outputs)) check(results[name] !== undefined, `there is no ${name}`);
  return results;
}

/** The elements of all results, as numbers. */
export async function numbersOf(results: Named<Tensor>): Promise<Named<ArrayLike<number>>> {
  const entries = Object.entries(results).map(async ([name, tensor]) => [name, await numbersIn(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function numbersIn(tensor: Tensor): Promise<ArrayLike<number>> {
  return tensor.dtype === 'int8' ? tensor.data() : (await read(tensor)).values;
}

/** Runs the call once and gives back what came out. */
export function outcomeOf({ backend }: Subject, prepared: Prepared): Promise<Named<ArrayLike<number>>> {
  return withTensors(backend, async (tensors) => numbersOf(perform(tensors, prepared)));
}

/** Runs the call once and holds every output against the formula. */
export async function verify(subject: Subject, prepared: Prepared): Promise<void> {
  prepared.compare(await outcomeOf(subject, prepared), subject.backend.supports.accuracy);
}

/** The case that runs `spec` once and compares. */
export function operationCase<S extends ForwardSpec>(id: string, operation: Operation<S>, spec: S): Case {
  return {
    id,
    requires: operation.requires(spec),
    run: (subject) => verify(subject, operation.prepare(spec, subject.random)),
  };
}
