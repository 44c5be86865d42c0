import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { cycle, heavyTailed, normal } from '../../inputs/distributions.ts';
import { ADD_FORWARD } from '../../operations/add-forward.ts';
import { BACKWARD } from '../../operations/backward.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import { FORWARD_QUANTIZED } from '../../operations/quantized.ts';
import { SCALE_BY, SUM_SQUARES } from '../../operations/sharded.ts';
import { compareOutcomes, drawRows, type Invariant, only, outcomesOf, placedCase } from '../invariance/placed-rows.ts';
import { ALONE, PLACEMENTS, ROWS } from '../invariance/placements.ts';

/** Of every operation but forward. */
export const INVARIANTS: readonly Invariant[] = [
  {
    model: ADD_FORWARD,
    drawn: { x: heavyTailed, residual: heavyTailed },
    rows: ['y', 'sum'],
    numbers: ['rstd'],
    extra: { rstd: true },
  },
  ...[false, true].map(
    (normBeforeGate): Invariant => ({
      model: GATED_FORWARD,
      parameters: { order: normBeforeGate ? 'norm-first' : 'gate-first' },
      drawn: { x: heavyTailed, gate: normal(4) },
      rows: ['y'],
      numbers: ['rstd'],
      extra: { rstd: true },
      options: { normBeforeGate },
    }),
  ),
  { model: BACKWARD, drawn: { x: heavyTailed, dy: normal() }, rows: ['dx'] },
  {
    model: BACKWARD,
    parameters: { dsum: 'given' },
    drawn: { x: heavyTailed, dy: normal(), dsum: normal() },
    rows: ['dx'],
  },
  {
    model: SUM_SQUARES,
    drawn: { x: heavyTailed },
    rows: [],
    numbers: ['sums'],
    extra: { gamma: null },
  },
  {
    model: SCALE_BY,
    drawn: { x: heavyTailed },
    rows: ['y'],
    extra: { others: 3, sums: cycle([1234.5]) },
  },
  {
    model: FORWARD_QUANTIZED,
    drawn: { x: heavyTailed },
    rows: ['q'],
    numbers: ['scales'],
    groups: false,
  },
];

const SIZES = [8, 41, 513, 1024, 4099];
const IN_EVERY_DTYPE = [41];
const BESIDE = 67;

const placed: Case[] = INVARIANTS.flatMap((invariant) =>
  Object.entries(PLACEMENTS)
    .filter(([, { groups }]) => !groups || invariant.groups !== false)
    .flatMap(([place, { kind }]) =>
      SIZES.filter((size) => size <= (place.startsWith('among') ? 41 : kind === 'strided' ? 513 : 4099)).flatMap(
        (size) =>
          (IN_EVERY_DTYPE.includes(size) ? FLOAT_DTYPES : (['float32'] as const)).map((dtype) =>
            placedCase(invariant, place, dtype, size),
          ),
      ),
    ),
);

/** Rows that kernels often treat in another way than most: nothing but zeros, or with a NaN or an infinity. */
const SPECIAL: Readonly<Record<string, (x: Float32Array) => Float32Array>> = {
  zeros: (x) => x.map(() => 0),
  'a-nan': (x) => x.map((value, i) => (i === 5 ? Number.NaN : value)),
  'an-infinity': (x) => x.map((value, i) => (i === x.length - 1 ? Number.POSITIVE_INFINITY : value)),
};

/** Ordinary rows between rows of these kinds. */
const beside: Case[] = INVARIANTS.flatMap((invariant) =>
  Object.entries(SPECIAL).flatMap(([others, special]) =>
    FLOAT_DTYPES.map((dtype): Case => {
      const { op } = invariant.model;
      return {
        id: caseId(`${op}/invariance`, { beside: others, ...invariant.parameters, dtype, size: BESIDE }),
        requires: {
          op,
          dtypes: [dtype],
          features: invariant.extra?.rstd ? ['rstd'] : [],
          promises: ['invariance', 'nonFinite'],
        },
        async run(subject) {
          const rows = drawRows(subject.random, dtype, BESIDE, invariant);
          const operands = rows.operands.map((row, i) => (i % 2 === 1 ? { ...row, x: special(row.x!) } : row));
          const batch = PLACEMENTS.batch!.place(ROWS, BESIDE);
          const together = await outcomesOf(subject, { ...rows, operands }, invariant, batch);
          for (let row = 0; row < ROWS; row += 2) {
            const [alone] = await outcomesOf(subject, only(rows, row), invariant, ALONE.contiguous(1, BESIDE));
            const among = together.find((outcome) => outcome.row === row)!;
            compareOutcomes(among, alone!, dtype, `of row ${row}, beside rows of ${others}, against alone`);
          }
        },
      };
    }),
  ),
);

/** The bits of a row depend on the row alone, as in forward. */
export const operationInvarianceCases: readonly Case[] = [...placed, ...beside];
