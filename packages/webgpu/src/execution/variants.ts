import { OPERATIONS, type Op, type Operand, type PreparedUses, type Problem } from '@rmsnorm/core';
import type { Operands } from '../plan.ts';
import { SIGNATURES, type Signature } from '../signatures.ts';
import { unreachable } from '../unreachable.ts';

/** A call as its plan sees it: what decides about its shaders, before there are any buffers. */
export interface Variant {
  readonly op: Op;
  readonly problem: Problem;
  readonly operands: Operands;
}

/** Every way in which a norm's operations may be called on a problem, but for tensors that share a GPUBuffer in part. */
export function variantsOf(problem: Problem, uses: PreparedUses): Variant[] {
  return uses.ops.flatMap((op) =>
    problemsOf(op, problem, uses).flatMap((extended) =>
      presentIn(op, uses).flatMap((present) =>
        placesOf(SIGNATURES[op]).map((inPlace): Variant => {
          return { op, problem: extended, operands: { present, inPlace, writable: new Set() } };
        }),
      ),
    ),
  );
}

/** With what the operation is told beyond the problem, as far as a shader depends on it. */
function problemsOf(op: Op, problem: Problem, { normBeforeGate }: PreparedUses): Problem[] {
  return OPERATIONS[op].values.reduce<Problem[]>(
    (problems, value) => {
      const choices = (): readonly object[] => {
        switch (value) {
          case 'normBeforeGate':
            return [{ normBeforeGate }];
          case 'count':
            return [{ count: problem.size }];
          case 'scale':
            return [{ scale: null }, { scale: 1 }];
          default:
            return unreachable(value);
        }
      };
      return problems.flatMap((one) => choices().map((choice) => ({ ...one, ...choice })));
    },
    [problem],
  );
}

/** The operands that there may be: those that a caller may leave out are in half of the sets. */
function presentIn(op: Op, uses: PreparedUses): Set<string>[] {
  return OPERATIONS[op].operands.reduce<Set<string>[]>(
    (sets, operand) =>
      sets.flatMap((set) => choicesOf(operand, uses).map((present) => new Set(present ? [...set, operand.name] : set))),
    [new Set()],
  );
}

function choicesOf({ present }: Operand, { gamma, beta }: PreparedUses): readonly boolean[] {
  switch (present) {
    case 'always':
      return [true];
    case 'gamma':
      return [gamma];
    case 'beta':
      return [beta];
    case 'given':
      return [false, true];
    default:
      return unreachable(present);
  }
}

/** Each output in memory of its own, or in an input's that no other output has. */
function placesOf({ mayBe }: Signature): Record<string, string>[] {
  return Object.entries(mayBe).reduce<Record<string, string>[]>(
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
