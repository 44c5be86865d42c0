import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle, type Distribution, gammaOf, heavyTailed, normal } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import type { Random } from '../../inputs/random.ts';
import { ADD_FORWARD } from '../../operations/add-forward.ts';
import { BACKWARD } from '../../operations/backward.ts';
import type { ForwardOptions, ForwardSpec } from '../../operations/forward-spec.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import type { Named, OperationModel, PreparedCall } from '../../operations/operation-model.ts';
import { FORWARD_QUANTIZED } from '../../operations/quantized.ts';
import { outcomeOf } from '../../operations/run-call.ts';
import { SCALE_BY, SUM_SQUARES } from '../../operations/sharded.ts';
import { ALONE, PLACEMENTS, type Placement, ROWS } from '../invariance/forward.ts';

/** An operation whose rows are to come out the same wherever they stand. */
interface Invariant {
  readonly operation: OperationModel<never>;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Operands that have a row of their own for each row of x. */
  readonly drawn: Readonly<Record<string, Distribution>>;
  /** Outputs laid out as x, and outputs with one number for each row. */
  readonly rows: readonly string[];
  readonly numbers?: readonly string[];
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly options?: Partial<ForwardOptions>;
  /** False where groups are not independent. */
  readonly groups?: false;
}

const heavy: Distribution = (random, count) => heavyTailed(random, count);

const INVARIANTS: readonly Invariant[] = [
  {
    operation: ADD_FORWARD as OperationModel<never>,
    drawn: { x: heavy, residual: heavy },
    rows: ['y', 'sum'],
    numbers: ['rstd'],
    extra: { rstd: true },
  },
  ...[false, true].map(
    (normBeforeGate): Invariant => ({
      operation: GATED_FORWARD as OperationModel<never>,
      parameters: { order: normBeforeGate ? 'norm-first' : 'gate-first' },
      drawn: { x: heavy, gate: normal(4) },
      rows: ['y'],
      numbers: ['rstd'],
      extra: { rstd: true },
      options: { normBeforeGate },
    }),
  ),
  { operation: BACKWARD as OperationModel<never>, drawn: { x: heavy, dy: normal() }, rows: ['dx'] },
  {
    operation: BACKWARD as OperationModel<never>,
    parameters: { dsum: 'given' },
    drawn: { x: heavy, dy: normal(), dsum: normal() },
    rows: ['dx'],
  },
  {
    operation: SUM_SQUARES as OperationModel<never>,
    drawn: { x: heavy },
    rows: [],
    numbers: ['sums'],
    extra: { gamma: null },
  },
  {
    operation: SCALE_BY as OperationModel<never>,
    drawn: { x: heavy },
    rows: ['y'],
    extra: { others: 3, sums: cycle([1234.5]) },
  },
  {
    operation: FORWARD_QUANTIZED as OperationModel<never>,
    drawn: { x: heavy },
    rows: ['q'],
    numbers: ['scales'],
    groups: false,
  },
];

const SIZES = [8, 41, 513, 1024, 4099];
const IN_EVERY_DTYPE = [41];
const BESIDE = 67;

const LOOK_AT =
  'which element enters which partial sum may depend on operation, size, statSize, inner = 1 or > 1, dtype and device alone';

const placed: Case[] = INVARIANTS.flatMap((invariant) =>
  Object.entries(PLACEMENTS)
    .filter(([, { groups }]) => !groups || invariant.groups !== false)
    .flatMap(([place, { kind, arrange, groups }]) =>
      SIZES.filter((size) => size <= (place.startsWith('among') ? 41 : kind === 'strided' ? 513 : 4099)).flatMap(
        (size) =>
          (IN_EVERY_DTYPE.includes(size) ? FLOAT_DTYPES : (['float32'] as const)).map((dtype): Case => {
            const { op } = invariant.operation;
            const features = [
              ...(kind === 'strided' ? ['inner' as const] : []),
              ...(groups ? ['groups' as const] : []),
            ];
            return {
              id: caseId(`${op}/invariance`, { place, ...invariant.parameters, dtype, size }),
              requires: {
                op,
                dtypes: [dtype],
                features: [...features, ...(invariant.extra?.rstd ? ['rstd' as const] : [])],
                promises: ['invariance'],
              },
              async run(subject) {
                const rows = draw(subject.random, dtype, size, invariant);
                const together = await outcomes(subject, dtype, rows, invariant, arrange(ROWS, size));
                for (let row = 0; row < ROWS; row++) {
                  const lone = { ...rows, operands: [rows.operands[row]!] };
                  const [alone] = await outcomes(subject, dtype, lone, invariant, ALONE[kind](1, size));
                  for (const outcome of together.filter((entry) => entry.row === row)) {
                    for (const [name, values] of Object.entries(outcome.values)) {
                      const what = `${name} of row ${row}, placed as '${place}', against alone; ${LOOK_AT}`;
                      compareBits(values, alone!.values[name]!, dtype, what);
                    }
                  }
                }
              },
            };
          }),
      ),
    ),
);

/** What rows that are done in another way than most hold: nothing but zeros, and a NaN or an infinity. */
const SPECIAL: readonly ((x: Float32Array) => Float32Array)[] = [
  (x) => x.map(() => 0),
  (x) => x.map((value, i) => (i === 5 ? Number.NaN : value)),
  (x) => x.map((value, i) => (i === x.length - 1 ? Number.POSITIVE_INFINITY : value)),
];

/** Rows in between others that are done in another way. */
const beside: Case[] = INVARIANTS.flatMap((invariant) =>
  SPECIAL.flatMap((special, which) =>
    FLOAT_DTYPES.map((dtype): Case => {
      const { op } = invariant.operation;
      const others = ['zeros', 'a-nan', 'an-infinity'][which]!;
      return {
        id: caseId(`${op}/invariance`, { beside: others, ...invariant.parameters, dtype, size: BESIDE }),
        requires: {
          op,
          dtypes: [dtype],
          features: invariant.extra?.rstd ? ['rstd'] : [],
          promises: ['invariance', 'nonFinite'],
        },
        async run(subject) {
          const rows = draw(subject.random, dtype, BESIDE, invariant);
          const operands = rows.operands.map((row, i) => (i % 2 === 1 ? { ...row, x: special(row.x!) } : row));
          const together = await outcomes(
            subject,
            dtype,
            { ...rows, operands },
            invariant,
            PLACEMENTS.batch!.arrange(ROWS, BESIDE),
          );
          for (let row = 0; row < ROWS; row += 2) {
            const lone = { ...rows, operands: [rows.operands[row]!] };
            const [alone] = await outcomes(subject, dtype, lone, invariant, ALONE.contiguous(1, BESIDE));
            for (const [name, values] of Object.entries(together.find((entry) => entry.row === row)!.values)) {
              compareBits(
                values,
                alone!.values[name]!,
                dtype,
                `${name} of row ${row}, beside rows of ${others}, against alone`,
              );
            }
          }
        },
      };
    }),
  ),
);

export const operationInvarianceCases: readonly Case[] = [...placed, ...beside];

interface Rows {
  /** Of each row, by the operand's name. */
  readonly operands: readonly Named<Float32Array>[];
  readonly gamma: Float32Array;
}

function draw(random: Random, dtype: FloatDType, size: number, { drawn }: Invariant): Rows {
  const operands = Array.from({ length: ROWS }, (_, i) =>
    Object.fromEntries(
      Object.entries(drawn).map(([name, distribution]) => {
        const numbers = distribution(random, size).map((value) => (name === 'gate' ? value : value * 1.3 ** i));
        return [name, elements(dtype, numbers).values];
      }),
    ),
  );
  return { operands, gamma: gammaOf(random, size) };
}

interface Outcome {
  readonly row: number;
  readonly values: Named<Float32Array>;
}

/** Runs all rows in one call and takes the results apart again. */
async function outcomes(
  subject: Subject,
  dtype: FloatDType,
  { operands, gamma }: Rows,
  { operation, drawn, rows, numbers = [], extra, options }: Invariant,
  { shape, options: placedOptions, stride, places }: Placement,
): Promise<Outcome[]> {
  const size = gamma.length;
  const standing =
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
    ...Object.fromEntries(Object.keys(drawn).map((name) => [name, standing(name)])),
    ...extra,
    options: { ...placedOptions, ...options },
  } satisfies ForwardSpec;
  const prepared: PreparedCall = operation.prepare(spec as never, subject.random);
  const results = await outcomeOf(subject, prepared);
  return places.map(({ row, offset }) => {
    const at = Math.floor(offset / (size * stride)) * stride + (offset % stride);
    const values: Record<string, Float32Array> = {};
    for (const name of rows) {
      values[name] = Float32Array.from(gamma, (_, i) => results[name]![offset + i * stride]!);
    }
    for (const name of numbers) values[name] = Float32Array.of(results[name]![at]!);
    return { row, values };
  });
}
