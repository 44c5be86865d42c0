import { addRmsNorm, FLOAT_DTYPES, rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle, type Distribution, heavyTailed, normal, oneAt } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import { FORMATS, ulp } from '../../inputs/formats.ts';
import { ADD_FORWARD, type AddForwardSpec } from '../../operations/add-forward.ts';
import { requirementsOf } from '../../operations/forward-spec.ts';
import { weightTensors } from '../../operations/operands.ts';
import { alsoNeeds, askedFor, numbersOf, operationCase, perform, upload } from '../../operations/run-call.ts';
import { optionCases, shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const TWO_STEPS: readonly AddForwardSpec[] = [
  { shape: [5, 41], options: { dim: 41, axis: -1 }, rstd: true },
  { shape: [5, 41], options: { dim: 41, axis: -1, casting: 'llama' }, beta: true },
  { shape: [3, 1024], options: { dim: 1024, axis: -1 }, x: heavyTailed, residual: heavyTailed },
  { shape: [3, 4099], options: { dim: 4099, axis: -1, weightOffset: 1 } },
  { shape: [600, 33], options: { dim: 33, axis: -1 }, rstd: true },
  { shape: [3, 20, 7], options: { dim: 20, partial: 0.5 }, rstd: true },
  { shape: [2, 12, 67], options: { dim: 12, groups: 3 }, x: heavyTailed },
];

/**
 * The definition of the operation: forward on the sum that came out gives the same bits, where a row has the same bits in
 * every launch.
 */
const twoSteps: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  TWO_STEPS.map((base, index): Case => {
    const spec: AddForwardSpec = { ...base, dtype };
    return {
      id: caseId('addForward/two-steps', { variation: index, dtype, shape: showShape(spec.shape) }),
      requires: requirementsOf(spec, 'addForward'),
      run: async (subject) => {
        alsoNeeds(subject, requirementsOf(spec, 'forward'));
        const prepared = ADD_FORWARD.prepare(spec, subject.random);
        await withTensors(subject.backend, async (tensors) => {
          const inputs = upload(tensors, prepared);
          const together = perform(tensors, prepared, inputs);
          const { rstd } = askedFor(tensors, prepared);
          const options = { ...spec.options, ...weightTensors(inputs) };
          const y = tensors.keep(rmsNorm(together.sum!, { ...options, ...(rstd && { rstd }) }));
          const results = await numbersOf(together);
          prepared.compare(results, subject.backend.supports);
          if (!subject.backend.supports.promises.includes('invariance')) return;
          compareBits(results.y!, (await read(y)).values, dtype, 'y against forward on the sum that came out');
          if (rstd) compareBits(results.rstd!, (await read(rstd)).values, 'float32', 'rstd against that of forward');
        });
      },
    };
  }),
);

/** float16: the sum rounded before it is normalized, as vLLM's kernel does; FlashInfer's normalizes the unrounded. */
const trap: Case = {
  id: caseId('addForward/traps', { trap: 7, dtype: 'float16' }),
  requires: { op: 'addForward', dtypes: ['float16'] },
  run: ({ backend }) =>
    withTensors(backend, async (tensors) => {
      // Engines of class 'loose' may be some steps away from these numbers.
      const steps = backend.supports.accuracy === 'loose' ? 4 : 0;
      const x = tensors.of(elements('float16', [-28.34375, -1558, 1773, -2848]), [1, 4]);
      const residual = elements('float16', [1.486328125, -0.5888671875, 0.96044921875, 1.2880859375]);
      const results = addRmsNorm(x, tensors.of(residual, [1, 4]), { dim: 4, axis: -1, eps: 1e-6 });
      const expected = [-0.0145263671875, -0.84326171875, 0.95947265625, -1.5390625];
      const y = tensors.keep(results.y);
      tensors.keep(results.sum);
      for (const [i, got] of (await read(y)).values.entries()) {
        const off = Math.abs(got - expected[i]!) / ulp(FORMATS.float16, expected[i]!);
        check(
          off <= steps * 1.01,
          () => `y[${i}] is ${got}, it must be ${expected[i]}: the sum is rounded to float16, then normalized`,
        );
      }
    }),
};

const ordinary = { shape: [4, 33], options: { dim: 33, axis: -1 } } as const;
const columns = { shape: [2, 12, 5], options: { dim: 12, groups: 3 } } as const;

const EXTREMES: Readonly<Record<string, Partial<AddForwardSpec>>> = {
  large: { x: normal(1e30), residual: normal(1e30) },
  small: { x: normal(1e-30), residual: normal(1e-30), options: { ...ordinary.options, eps: 0 } },
  'large,small': { x: normal(1e30), residual: normal(1e-30) },
  cancelling: { x: near(1e30), residual: near(-1e30) },
};

const extremes: Case[] = Object.entries(EXTREMES).flatMap(([name, extra]) =>
  (['float32', 'bfloat16'] as const).map((dtype) =>
    operationCase(caseId('addForward/extremes', { of: name, dtype }), ADD_FORWARD, {
      ...ordinary,
      ...extra,
      dtype,
      promises: ['extremes'],
    }),
  ),
);

/** Two of these have an infinite sum: its row is then like any row with an infinity. */
const OVERFLOW = { float32: 3e38, float16: 60000, bfloat16: 3e38 } as const;

const nonFinite: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [ordinary, columns].flatMap((layout) => {
    const parameters = { dtype, shape: showShape(layout.shape) };
    const make = (what: string, extra: Partial<AddForwardSpec>): Case =>
      operationCase(caseId('addForward/non-finite', { of: what, ...parameters }), ADD_FORWARD, {
        ...layout,
        ...extra,
        dtype,
        promises: ['nonFinite'],
        lookAt: 'an infinite sum makes its row 0 and itself NaN, a NaN makes its row NaN; no other row changes',
      });
    return [
      make('x-nan', { x: oneAt(40, NAN) }),
      make('residual-nan', { residual: oneAt(40, NAN) }),
      make('residual-infinite', { residual: oneAt(41, -INF) }),
      make('infinities-cancel', { x: oneAt(40, INF), residual: oneAt(40, -INF) }),
      make('sum-overflows', { x: oneAt(40, OVERFLOW[dtype]), residual: oneAt(40, OVERFLOW[dtype]) }),
      make('sum-is-zero', {
        x: cycle([1.5, -2.25, 3]),
        residual: cycle([-1.5, 2.25, -3]),
        options: { ...layout.options, eps: 0 },
      }),
    ];
  }),
);

/** addForward: y and sum in every layout and option, and bit for bit the two steps done apart. */
export const addForwardCases: readonly Case[] = [
  ...shapeCases(ADD_FORWARD, { extra: { rstd: false } }),
  ...optionCases(ADD_FORWARD, { extra: { rstd: true } }),
  ...twoSteps,
  trap,
  ...extremes,
  ...nonFinite,
];

/** Close to `value`, so that two of opposite sign leave little. */
function near(value: number): Distribution {
  return (random, count) => new Float64Array(count).map(() => value * (1 + 2 ** -10 * random.normal()));
}
