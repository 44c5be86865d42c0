import type { Tensor } from '@rmsnorm/core';
import type { Subject } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import type { PlannedCall } from '../../case/planned-call.ts';
import { read, type Tensors, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { OPERATIONS } from '../../operations/all.ts';
import type { Named, PreparedCall, Results } from '../../operations/operation-model.ts';
import { askedFor, mapped, numbersOf, perform } from '../../operations/run-call.ts';
import { type Place, placeOf } from '../../plan/place.ts';
import { SUBJECTS } from '../../plan/subjects.ts';
import { GUARD, STALE } from '../isolation/guards.ts';
import { blank, targetsOf, unchanged } from '../operations/isolation/targets.ts';

/**
 * Makes a planned call and holds its results to the formula; and, where the backend promises invariance, to the bits of
 * the plain call: into new tensors, with no tensor given twice and no rstd asked for.
 */
export async function runPlanned(subject: Subject, { subject: name, spec, place }: PlannedCall): Promise<void> {
  const { backend } = subject;
  const model = OPERATIONS[SUBJECTS.find((entry) => entry.name === name)!.op];
  const prepared = model.prepare(spec as never, subject.random);
  const results = await outcome(subject, prepared, placeOf(place));
  prepared.compare(results, { accuracy: backend.supports.accuracy, stale: place === 'given' ? STALE : undefined });
  const asks = Object.values(prepared.outputs).some(({ made }) => made === 'asked');
  if (!backend.supports.promises.includes('invariance') || (place === 'fresh' && !asks)) return;
  const { asked: _, ...plain } = withoutAsked(prepared);
  const apart = await outcome(subject, plain, placeOf('fresh'));
  for (const [output, values] of Object.entries(apart)) {
    const what = `${output}, '${place}'${asks ? ' with rstd asked for' : ''}, against that of the plain call`;
    compareBits(results[output]!, values, prepared.outputs[output]!.dtype, what);
  }
}

function withoutAsked(prepared: PreparedCall): PreparedCall & { readonly asked: readonly string[] } {
  const outputs = Object.entries(prepared.outputs);
  return {
    ...prepared,
    outputs: Object.fromEntries(outputs.filter(([, { made }]) => made !== 'asked')),
    asked: outputs.filter(([, { made }]) => made === 'asked').map(([name]) => name),
  };
}

/** Makes the call in its place, and holds its inputs, and what lies beside tensors that were given, to be unchanged. */
function outcome({ backend }: Subject, prepared: PreparedCall, place: Place): Promise<Results> {
  return withTensors(backend, async (tensors) => {
    const inputs = uploadTwins(tensors, prepared, place);
    const guards: Tensor[] = [];
    const targets = { ...askedFor(tensors, prepared), ...targetsIn(tensors, prepared, place, inputs, guards) };
    const results = await numbersOf(perform(tensors, prepared, inputs, targets));
    const overwritten = Object.values(place.inputOf).map((name) => inputs[name]);
    const kept = Object.entries(inputs).filter(([, tensor]) => !overwritten.includes(tensor));
    if (place.given || overwritten.length > 0) await unchanged(prepared, Object.fromEntries(kept));
    for (const [i, guard] of guards.entries()) {
      const { values } = await read(guard);
      const at = values.findIndex((value) => value !== GUARD);
      check(at < 0, () => `guard ${i} beside an output was overwritten at ${at}: look at the end of the last row`);
    }
    return results;
  });
}

/** The tensors of all inputs: one for those that are the same. */
function uploadTwins(tensors: Tensors, { inputs }: PreparedCall, { twinOf }: Place): Named<Tensor> {
  const own = Object.entries(inputs).filter(([name]) => twinOf[name] === undefined);
  const uploaded = mapped(Object.fromEntries(own), ({ content, shape }) => tensors.of(content, shape));
  return mapped(inputs, (_, name) => uploaded[twinOf[name] ?? name]!);
}

function targetsIn(
  tensors: Tensors,
  prepared: PreparedCall,
  { given, inputOf }: Place,
  inputs: Named<Tensor>,
  guards: Tensor[],
): Named<Tensor> {
  if (!given) return mapped(inputOf, (input) => inputs[input]!);
  const guard = (): void => void guards.push(tensors.filled(GUARD, [37], 'float32'));
  guard();
  return targetsOf(prepared, (output) => {
    const target = blank(tensors, output);
    guard();
    return target;
  });
}
