import type { Tensor } from '@rmsnorm/core';
import { type Case, NotApplicable, type Requirements, type Subject } from '../case/case.ts';
import { check } from '../case/failure.ts';
import type { AnySpec } from '../case/planned-call.ts';
import { undeclared } from '../case/supported.ts';
import { read, type Tensors, withTensors } from '../case/tensors.ts';
import { type ForwardSpec, requirementsOf } from './forward-spec.ts';
import type { Named, OperationModel, PreparedCall, Results } from './operation-model.ts';

/** The case that runs `spec` once and compares. */
export function operationCase<S extends ForwardSpec>(id: string, model: OperationModel<S>, spec: S): Case {
  return {
    id,
    requires: requirementsOf(spec, model.op),
    call: { subject: model.op, spec: spec as unknown as AnySpec, place: 'fresh' },
    run: (subject) => verify(subject, model.prepare(spec, subject.random)),
  };
}

/** Runs the call once and holds every output against the formula. */
export async function verify(subject: Subject, prepared: PreparedCall): Promise<void> {
  prepared.compare(await outcomeOf(subject, prepared), subject.backend.supports);
}

/** Runs the call once and gives back what came out. */
export function outcomeOf({ backend }: Subject, prepared: PreparedCall): Promise<Results> {
  return withTensors(backend, async (tensors) => numbersOf(perform(tensors, prepared)));
}

/** Enqueues the call; checks that the results are the tensors that were given for them. */
export function perform(
  tensors: Tensors,
  prepared: PreparedCall,
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

/** The tensors of all inputs. */
export function upload(tensors: Tensors, { inputs }: PreparedCall): Named<Tensor> {
  return mapped(inputs, ({ content, shape }) => tensors.of(content, shape));
}

/** A tensor for every output that comes only where one is given. */
export function askedFor(tensors: Tensors, { outputs }: PreparedCall): Named<Tensor> {
  const asked = Object.entries(outputs).filter(([, { made }]) => made === 'asked');
  return mapped(Object.fromEntries(asked), ({ shape, dtype }) => tensors.empty(shape, dtype));
}

/** The elements of all results, as numbers. */
export async function numbersOf(results: Named<Tensor>): Promise<Results> {
  const entries = Object.entries(results).map(async ([name, tensor]) => [name, await numbersIn(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function numbersIn(tensor: Tensor): Promise<ArrayLike<number>> {
  return tensor.dtype === 'int8' ? tensor.data() : (await read(tensor)).values;
}

/** Skips a case that needs a second operation where the backend does not declare it. */
export function alsoNeeds({ backend }: Subject, requires: Requirements): void {
  const lacking = undeclared(backend.supports, requires);
  if (lacking.length > 0) throw new NotApplicable(`not declared: ${lacking.join(', ')}`);
}

/** The same names with other values. */
export function mapped<T, R>(named: Named<T>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, map(value, name)]));
}
