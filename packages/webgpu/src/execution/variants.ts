import type { Op, PreparedUses, Problem } from '@rmsnorm/core';
import { OPERATIONS, type Operation } from '../operations.ts';
import type { Operands } from '../plan.ts';

/** A call as its plan sees it: what decides about its shaders, before there are any buffers. */
export interface Variant {
  readonly op: Op;
  readonly p: Problem;
  readonly operands: Operands;
}

/** What a caller may give or leave out. */
const OPTIONAL: readonly string[] = ['rstd', 'dsum'];

/** Every way in which a norm's operations may be called on a problem, but for tensors that share a GPUBuffer in part. */
export function variantsOf(p: Problem, { ops, gamma, beta, normBeforeGate }: PreparedUses): Variant[] {
  const weights: Readonly<Record<string, boolean>> = { gamma, dgamma: gamma, beta, dbeta: beta };
  return ops.flatMap((op) => {
    const operation = OPERATIONS[op];
    const names = operation.names.filter((name) => weights[name] ?? !OPTIONAL.includes(name));
    const optional = operation.names.filter((name) => OPTIONAL.includes(name));
    return problemsOf(op, p, normBeforeGate).flatMap((problem) =>
      subsetsOf(optional).flatMap((chosen) =>
        placesOf(operation).map((inPlace): Variant => {
          const operands = { present: new Set([...names, ...chosen]), inPlace, writable: new Set<string>() };
          return { op, p: problem, operands };
        }),
      ),
    );
  });
}

/** With what some operations are told beside the problem, as far as a shader depends on it. */
function problemsOf(op: Op, p: Problem, normBeforeGate: boolean): Problem[] {
  const extended: Readonly<Partial<Record<Op, readonly object[]>>> = {
    gatedForward: [{ normBeforeGate }],
    scaleBy: [{ count: p.size }],
    forwardQuantized: [{ scale: null }, { scale: 1 }],
  };
  return (extended[op] ?? [{}]).map((more) => ({ ...p, ...more }));
}

function subsetsOf(names: readonly string[]): string[][] {
  return names.reduce<string[][]>((subsets, name) => subsets.flatMap((subset) => [subset, [...subset, name]]), [[]]);
}

/** Each output in memory of its own, or in an input's that no other output has. */
function placesOf({ inPlace }: Operation): Record<string, string>[] {
  return Object.entries(inPlace).reduce<Record<string, string>[]>(
    (places, [output, inputs]) =>
      places.flatMap((place) => [
        place,
        ...inputs
          .filter((input) => !Object.values(place).includes(input))
          .map((input) => ({ ...place, [output]: input })),
      ]),
    [{}],
  );
}
