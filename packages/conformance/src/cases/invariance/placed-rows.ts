import type { FloatDType } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle, type Distribution, gammaOf } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import type { Random } from '../../inputs/random.ts';
import type { AnyOperation } from '../../operations/all.ts';
import type { ForwardOptions } from '../../operations/forward-spec.ts';
import type { Named } from '../../operations/operation-model.ts';
import { outcomeOf } from '../../operations/run-call.ts';
import { ALONE, PLACEMENTS, type Placement, type PlacementKind, ROWS } from './placements.ts';

/** An operation, and which of its operands and outputs have a row, or a number, for each row of x. */
export interface Invariant {
  readonly model: AnyOperation;
  /** For the ids of its cases. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Operands that are laid out as x. */
  readonly drawn: Readonly<Record<string, Distribution>>;
  /** Outputs laid out as x. */
  readonly rows: readonly string[];
  /** Outputs with one number for each row. */
  readonly numbers?: readonly string[];
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly options?: Partial<ForwardOptions>;
  /** False where groups are not independent. */
  readonly groups?: false;
}

const LOOK_AT =
  'which element enters which partial sum may depend on operation, size, statSize, inner = 1 or > 1, dtype and device alone';

/** The case that rows, placed as `place` says, come out with the bits of each row alone. */
export function placedCase(
  invariant: Invariant,
  place: string,
  dtype: FloatDType,
  size: number,
  placements: Readonly<Record<string, PlacementKind>> = PLACEMENTS,
): Case {
  const { op } = invariant.model;
  const placement = placements[place]!;
  const { count = ROWS } = placement;
  return {
    id: caseId(`${op}/invariance`, { place, ...invariant.parameters, dtype, size }),
    requires: {
      op,
      dtypes: [dtype],
      features: [
        ...(placement.kind === 'strided' ? (['inner'] as const) : []),
        ...(placement.groups ? (['groups'] as const) : []),
        ...(invariant.extra?.rstd ? (['rstd'] as const) : []),
      ],
      promises: ['invariance'],
    },
    async run(subject) {
      const rows = drawRows(subject.random, dtype, size, invariant, count);
      const together = await outcomesOf(subject, rows, invariant, placement.place(count, size));
      for (let row = 0; row < count; row++) {
        const [alone] = await outcomesOf(subject, only(rows, row), invariant, ALONE[placement.kind](1, size));
        for (const outcome of together.filter((entry) => entry.row === row)) {
          compareOutcomes(outcome, alone!, dtype, `of row ${row}, placed as '${place}', against alone; ${LOOK_AT}`);
        }
      }
    },
  };
}

/** The rows of every operand, by its name. */
export interface Rows {
  readonly dtype: FloatDType;
  readonly operands: readonly Named<Float32Array>[];
  readonly gamma: Float32Array;
}

/** Heavy-tailed and of different magnitudes: another order of additions shows in the bits. */
export function drawRows(
  random: Random,
  dtype: FloatDType,
  size: number,
  { drawn }: Invariant,
  count: number = ROWS,
): Rows {
  const operands = Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      Object.entries(drawn).map(([name, distribution]) => {
        const numbers = distribution(random, size).map((value) => (name === 'gate' ? value : value * 1.3 ** i));
        return [name, elements(dtype, numbers).values];
      }),
    ),
  );
  return { dtype, operands, gamma: gammaOf(random, size) };
}

/** One of the rows. */
export function only(rows: Rows, row: number): Rows {
  return { ...rows, operands: [rows.operands[row]!] };
}

/** What came out for one row, by the output's name. */
export interface RowOutcome {
  readonly row: number;
  readonly values: Named<Float32Array>;
}

/** Runs all rows in one call and takes the results apart again. */
export async function outcomesOf(
  subject: Subject,
  { dtype, operands, gamma }: Rows,
  { model, drawn, rows, numbers = [], extra, options }: Invariant,
  { shape, options: placedOptions, stride, places }: Placement,
): Promise<RowOutcome[]> {
  const size = gamma.length;
  const inTheirPlaces =
    (name: string): Distribution =>
    (_random, count) => {
      const all = new Float64Array(count);
      for (const { row, offset } of places) {
        const values = operands[row]![name]!;
        for (let i = 0; i < size; i++) all[offset + i * stride] = values[i]!;
      }
      return all;
    };
  const spec = {
    dtype,
    shape,
    gamma: cycle([...gamma]),
    ...Object.fromEntries(Object.keys(drawn).map((name) => [name, inTheirPlaces(name)])),
    ...extra,
    options: { ...placedOptions, ...options },
  };
  const results = await outcomeOf(subject, model.prepare(spec as never, subject.random));
  return places.map(({ row, offset }) => {
    const values: Record<string, Float32Array> = {};
    for (const name of rows) values[name] = gathered(results[name]!, offset, stride, size);
    const at = Math.floor(offset / (size * stride)) * stride + (offset % stride);
    for (const name of numbers) values[name] = gathered(results[name]!, at, 1, 1);
    return { row, values };
  });
}

function gathered(numbers: ArrayLike<number>, first: number, stride: number, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = numbers[first + i * stride]!;
  return values;
}

export function compareOutcomes(got: RowOutcome, expected: RowOutcome, dtype: FloatDType, what: string): void {
  for (const [name, values] of Object.entries(got.values)) {
    compareBits(values, expected.values[name]!, dtype, `${name} ${what}`);
  }
}
