import { FLOAT_DTYPES, type FloatDType, rmsNorm, rmsNormBackward } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { exactGradients } from '../../expected/exact-backward.ts';
import { differences } from '../../expected/finite-differences.ts';
import { normalizationOf, rowOf } from '../../expected/normalization.ts';
import { constant, cycle, type Distribution, heavyTailed, normal } from '../../inputs/distributions.ts';
import { BACKWARD, type BackwardSpec } from '../../operations/backward.ts';
import { dxError, sumError } from '../../operations/compare-gradients.ts';
import { type ForwardOptions, requirementsOf } from '../../operations/forward-spec.ts';
import { weightTensors } from '../../operations/operands.ts';
import { alsoNeeds, numbersOf, operationCase, outcomeOf, perform, upload } from '../../operations/run-call.ts';
import { optionCases, shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const options: Case[] = [
  ...optionCases(BACKWARD, { parameters: { rstd: 'recomputed' } }),
  ...optionCases(BACKWARD, { parameters: { rstd: 'given' }, extra: { rstd: true } }),
  ...optionCases(BACKWARD, { parameters: { dsum: 'given' }, extra: { dsum: true } }, (name) => !name.includes('llama')),
];

/** A statistic that is not that of x: what is given is what counts. */
const given: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [
    { shape: [5, 130], options: { dim: 130, axis: -1, scale: 3 } },
    { shape: [3, 12, 5], options: { dim: 12, groups: 3, partial: 0.5 } },
  ].map((placed) =>
    operationCase(caseId('backward/given-rstd', { factor: 1.5, dtype, shape: showShape(placed.shape) }), BACKWARD, {
      ...placed,
      dtype,
      rstd: true,
      rstdFactor: 1.5,
      lookAt: 'rstd holds r / alpha, and is used as it is given',
    }),
  ),
);

/** What forward wrote is what backward takes. */
const fromForward: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  (['add', 'clamp'] as const).map((epsMode): Case => {
    const spec: BackwardSpec = {
      shape: [4, 3, 37],
      options: { dim: 37, axis: -1, epsMode, scale: 2 },
      dtype,
      rstd: true,
    };
    return {
      id: caseId('backward/rstd-of-forward', { mode: epsMode, dtype }),
      requires: requirementsOf(spec, BACKWARD.op),
      async run(subject) {
        alsoNeeds(subject, requirementsOf(spec, 'forward'));
        const prepared = BACKWARD.prepare(spec, subject.random);
        await withTensors(subject.backend, async (tensors) => {
          const inputs = upload(tensors, prepared);
          const { x, rstd, ...rest } = inputs;
          tensors.keep(rmsNorm(x!, { ...spec.options, ...weightTensors(rest), rstd: rstd! }));
          prepared.compare(await numbersOf(perform(tensors, prepared, inputs)), subject.backend.supports);
        });
      },
    };
  }),
);

/** Sums over rows: what a chain of float32 additions gets wrong. Terms of one sign add up their errors. */
const ROWS: readonly { name: string; spec: BackwardSpec; dtypes: readonly FloatDType[] }[] = [
  { name: '65537x5', spec: { shape: [65537, 5], options: { dim: 5, axis: -1 } }, dtypes: FLOAT_DTYPES },
  { name: '8193x64', spec: { shape: [8193, 64], options: { dim: 64, axis: -1 } }, dtypes: ['float32'] },
  { name: '4100x2x3,groups=2', spec: { shape: [4100, 6], options: { dim: 6, groups: 2 } }, dtypes: ['float32'] },
  { name: '1x3x65537', spec: { shape: [1, 3, 65537], options: { dim: 3 } }, dtypes: FLOAT_DTYPES },
  { name: '300x4x129', spec: { shape: [300, 4, 129], options: { dim: 4 } }, dtypes: ['float32'] },
  { name: '1000003x1', spec: { shape: [1_000_003, 1], options: { dim: 1, axis: -1 } }, dtypes: ['float32'] },
];

const OF_ONE_SIGN: Readonly<Record<string, Partial<BackwardSpec>>> = {
  constant: { x: constant, dy: constant },
  heavy: { x: heavyTailed, dy: (random, count) => heavyTailed(random, count).map(Math.abs) },
};

const manyRows: Case[] = Object.entries(OF_ONE_SIGN).flatMap(([terms, draw]) =>
  ROWS.filter(({ name }) => terms === 'constant' || !name.startsWith('1000003')).flatMap(({ name, spec, dtypes }) =>
    (terms === 'constant' ? dtypes : (['float32'] as const)).map((dtype) =>
      operationCase(`backward/many-rows:terms=${terms},dtype=${dtype},shape=${name}`, BACKWARD, {
        ...spec,
        ...draw,
        dtype,
        beta: true,
        lookAt: 'dgamma and dbeta are summed pairwise or with compensation: the error grows with the log of the rows',
      }),
    ),
  ),
);

/** Where gamma is 0, y tells nothing of x, and dgamma is as exact as elsewhere. */
const zeroGamma: Case[] = FLOAT_DTYPES.map((dtype) =>
  operationCase(caseId('backward/traps', { gamma: 0, dtype }), BACKWARD, {
    shape: [7, 33],
    options: { dim: 33, axis: -1 },
    dtype,
    gamma: cycle([0, 1, 0, -2]),
    lookAt: 'dgamma is the sum of dy * x * r, whatever gamma is',
  }),
);

/** The contract's own numbers, by an independent program. */
const golden: Case = {
  id: caseId('backward/traps', { trap: 17, dtype: 'float32' }),
  requires: { op: 'backward', dtypes: ['float32'] },
  run: ({ backend }) =>
    withTensors(backend, async (tensors) => {
      const x = tensors.float32(Float32Array.of(1, -2, 3, 0.5, 0.25, -0.125), [2, 3]);
      const dy = tensors.float32(Float32Array.of(1, 1, 1, 2, -1, 0.5), [2, 3]);
      const gamma = tensors.float32(Float32Array.of(0.5, 2, -1));
      const { dx, dgamma } = rmsNormBackward(x, dy, { dim: 3, axis: -1, eps: 1e-5, gamma });
      const results = { dx: tensors.keep(dx), dgamma: tensors.keep(dgamma!) };
      const expected = {
        dx: [0.446376609297, 0.495975443142, 0.181855943111, 2.735644123645, -6.191121854538, -1.439805422547],
        dgamma: [3.486487120456, -1.68171349946, 1.199755063827],
      };
      for (const name of ['dx', 'dgamma'] as const) {
        const { values } = await read(results[name]);
        for (const [i, value] of expected[name].entries()) {
          check(
            Math.abs(values[i]! - value) <= 1e-5 * Math.max(1, Math.abs(value)),
            () => `${name}[${i}] is ${values[i]}, an independent program gives ${value}`,
          );
        }
      }
    }),
};

const row = { shape: [3, 65], options: { dim: 65, axis: -1 } } as const;
const columns = { shape: [2, 12, 5], options: { dim: 12, groups: 3 } } as const;

const EXTREMES: readonly { factor: number; eps: number }[] = [
  { factor: 1e30, eps: 1e-6 },
  { factor: 1e19, eps: 0 },
  { factor: 1e-15, eps: 0 },
  { factor: 1e-20, eps: 0 },
  { factor: 1e-30, eps: 0 },
  { factor: 1e-30, eps: 1e-6 },
];

const extremes: Case[] = EXTREMES.flatMap(({ factor, eps }) =>
  (['float32', 'bfloat16'] as const).flatMap((dtype) =>
    [row, columns].flatMap((placed) =>
      [false, true].map((rstd) =>
        operationCase(
          caseId('backward/extremes', {
            x: factor.toExponential(0),
            eps,
            rstd: rstd ? 'given' : 'recomputed',
            dtype,
            shape: showShape(placed.shape),
          }),
          BACKWARD,
          {
            ...placed,
            options: { ...placed.options, eps },
            dtype,
            rstd,
            x: normal(factor),
            promises: ['extremes'],
            lookAt: 'dx = r * (g - x r * mean(g x r) / alpha^2): neither x^2, g x nor r^3 needs to fit into float32',
          },
        ),
      ),
    ),
  ),
);

/** A spec but for its layout. */
type Extra = Omit<Partial<BackwardSpec>, 'options'> & { readonly options?: Partial<ForwardOptions> };

const zeros: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [row, columns].flatMap((placed) => {
    const zeroRows: Distribution = (random, count) => {
      const perOuter = count / placed.shape[0]!;
      return normal()(random, count).map((value, i) => (Math.floor(i / perOuter) % 2 === 0 ? 0 : value));
    };
    const make = (name: string, extra: Extra): Case =>
      operationCase(`backward/zero-rows:${name},dtype=${dtype},shape=${showShape(placed.shape)}`, BACKWARD, {
        ...extra,
        shape: placed.shape,
        options: { ...placed.options, ...extra.options } as ForwardOptions,
        dtype,
        x: zeroRows,
        beta: true,
      });
    const denominator: Extra = {
      dy: cycle([1, 0, -2, 0.5, -0]),
      promises: ['nonFinite'],
      lookAt: 'at a zero denominator dx is an infinity with the sign of dy * weight, or 0 where that is 0',
    };
    return [
      make('eps=1e-6', { lookAt: 'a zero row: dx = dy * w * alpha / sqrt(eps)' }),
      make('eps=1e-6,rstd=given', { rstd: true }),
      make('eps=1e-4,dsum=given', { options: { eps: 1e-4 }, dsum: true }),
      make('mode=clamp,eps=1e-3', { options: { epsMode: 'clamp', eps: 1e-3 } }),
      make('eps=0', { ...denominator, options: { eps: 0 } }),
      make('mode=clamp,eps=0', { ...denominator, options: { epsMode: 'clamp', eps: 0 } }),
    ];
  }),
);

const nonFinite: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [row, columns].flatMap((placed) => {
    const make = (what: string, extra: Partial<BackwardSpec>): Case =>
      operationCase(caseId('backward/non-finite', { of: what, dtype, shape: showShape(placed.shape) }), BACKWARD, {
        ...placed,
        ...extra,
        dtype,
        beta: true,
        promises: ['nonFinite'],
        lookAt: 'dx of another row changed, or dgamma or dbeta of a feature that the number does not enter',
      });
    return [
      make('x-nan', { x: one(66, NAN) }),
      make('x-infinite', { x: one(66, INF) }),
      make('dy-nan', { dy: one(66, NAN) }),
      make('dy-infinite', { dy: one(66, -INF) }),
      make('dsum-nan', { dsum: one(66, NAN) }),
    ];
  }),
);

const DIFFERENTIATED: Readonly<Record<string, BackwardSpec>> = {
  rows: { shape: [3, 5], options: { dim: 5, axis: -1, eps: 0.01 } },
  'channels-first,groups': { shape: [2, 6, 3], options: { dim: 6, groups: 2 } },
  'partial=0.5': { shape: [2, 8], options: { dim: 8, partial: 0.5 } },
  'scale=3': { shape: [2, 4], options: { dim: 4, scale: 3, eps: 0 } },
  'mode=clamp,inactive': { shape: [2, 4], options: { dim: 4, epsMode: 'clamp', eps: 1e-3 } },
  'mode=clamp,active': { shape: [2, 4], options: { dim: 4, epsMode: 'clamp', eps: 100 } },
  'offset=1': { shape: [3, 4], options: { dim: 4, weightOffset: 1 } },
  'gamma=none': { shape: [3, 4], options: { dim: 4 }, gamma: null },
};

/** Against differences of forward in float64, not against a formula of the gradient. */
const finiteDifferences: Case[] = Object.entries(DIFFERENTIATED).map(([name, base]) => {
  const spec: BackwardSpec = { beta: true, dsum: true, ...base };
  return {
    id: `backward/finite-differences:${name}`,
    requires: requirementsOf(spec, BACKWARD.op),
    async run(subject) {
      const prepared = BACKWARD.prepare(spec, subject.random);
      const results = await outcomeOf(subject, prepared);
      const values = (input: string): ArrayLike<number> | null => prepared.inputs[input]?.content.values ?? null;
      const expected = differences({
        dtype: 'float32',
        normalization: normalizationOf(spec.options, spec.shape),
        x: values('x')!,
        gamma: values('gamma'),
        beta: values('beta'),
        dy: values('dy')!,
        dsum: values('dsum'),
      });
      for (const what of ['dx', 'dgamma', 'dbeta'] as const) {
        const slopes = expected[what];
        if (!slopes) continue;
        const largest = slopes.reduce((max, slope) => Math.max(max, Math.abs(slope)), 1);
        for (const [i, slope] of slopes.entries()) {
          const got = results[what]![i]!;
          check(
            Math.abs(got - slope) <= 2e-5 * largest,
            () => `${what}[${i}] is ${got}, finite differences of forward in float64 give ${slope}`,
          );
        }
      }
    },
  };
});

/** At eps = 0 y does not change with the length of x, so that the gradient is at right angles to x. */
const orthogonal: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [
    { shape: [9, 127], options: { dim: 127, axis: -1, eps: 0, scale: 2 } },
    { shape: [2, 24, 7], options: { dim: 24, groups: 4, eps: 0 } },
  ].map((placed): Case => {
    const spec: BackwardSpec = { ...placed, dtype };
    return {
      id: caseId('backward/properties', { of: 'dx-orthogonal-to-x', dtype, shape: showShape(spec.shape) }),
      requires: requirementsOf(spec, BACKWARD.op),
      async run(subject) {
        const { prepared, normalization, scale, error } = bounded(subject, spec);
        const { dx } = await outcomeOf(subject, prepared);
        const x = prepared.inputs.x!.content.values;
        const sums = new Float64Array(normalization.outer * normalization.groups * normalization.inner);
        const limits = new Float64Array(sums.length);
        for (let flat = 0; flat < x.length; flat++) {
          const at = rowOf(normalization, flat);
          sums[at]! += dx![flat]! * x[flat]!;
          limits[at]! += Math.abs(x[flat]!) * error(scale[flat]!, dx![flat]!);
        }
        for (const [at, sum] of sums.entries()) {
          check(Math.abs(sum) <= limits[at]!, () => `sum(dx * x) of row ${at} is ${sum}, not 0 within ${limits[at]}`);
        }
      },
    };
  }),
);

/** dx and dgamma of a sum of gradients are the sums of theirs. */
const linear: Case[] = FLOAT_DTYPES.map((dtype): Case => {
  const spec: BackwardSpec = { shape: [9, 65], options: { dim: 65, axis: -1 }, dtype };
  return {
    id: caseId('backward/properties', { of: 'linear-in-dy', dtype }),
    requires: requirementsOf(spec, BACKWARD.op),
    async run(subject) {
      const count = 9 * 65;
      const x = [...normal()(subject.random, count)];
      // Small multiples of 1/4: their sum is exact in every dtype.
      const quarters = (): number[] => Array.from({ length: count }, () => subject.random.integer(-8, 8) / 4);
      const [first, second] = [quarters(), quarters()];
      const gamma = [...normal()(subject.random, 65)];
      const both = first.map((value, i) => value + second[i]!);
      const runs = [first, second, both].map((dy) =>
        bounded(subject, { ...spec, x: cycle(x), gamma: cycle(gamma), dy: cycle(dy) }),
      );
      const results: Readonly<Record<string, ArrayLike<number>>>[] = [];
      for (const { prepared } of runs) results.push(await outcomeOf(subject, prepared));
      const [a, b, c] = results;
      for (let i = 0; i < count; i++) {
        const [da, db, dc] = [a!.dx![i]!, b!.dx![i]!, c!.dx![i]!];
        const limit = [da, db, dc].reduce((sum, dx, run) => sum + runs[run]!.error(runs[run]!.scale[i]!, dx), 0);
        check(Math.abs(da + db - dc) <= limit, () => `dx[${i}] of dy1 + dy2 is ${dc}, dx of both ${da} + ${db}`);
      }
      for (let i = 0; i < 65; i++) {
        const [da, db, dc] = [a!.dgamma![i]!, b!.dgamma![i]!, c!.dgamma![i]!];
        const { accuracy } = subject.backend.supports;
        const limit = runs.reduce((sum, { terms }) => sum + sumError(accuracy, terms[i]!, 9), 0);
        check(Math.abs(da + db - dc) <= limit, () => `dgamma[${i}] of dy1 + dy2 is ${dc}, of both ${da} + ${db}`);
      }
    },
  };
});

export const backwardCases: readonly Case[] = [
  ...shapeCases(BACKWARD),
  ...options,
  ...given,
  ...fromForward,
  ...manyRows,
  ...zeroGamma,
  golden,
  ...extremes,
  ...zeros,
  ...nonFinite,
  ...finiteDifferences,
  ...orthogonal,
  ...linear,
];

/** A spec with its numbers and what dx may be off by, rounding included. */
function bounded({ backend, random }: Subject, spec: BackwardSpec) {
  const prepared = BACKWARD.prepare(spec, random);
  const normalization = normalizationOf(spec.options, spec.shape);
  const values = (input: string): Float32Array | null => prepared.inputs[input]?.content.values ?? null;
  const dtype = spec.dtype ?? 'float32';
  const { dxScale, dgammaTerms } = exactGradients({
    dtype,
    normalization,
    x: values('x')!,
    gamma: values('gamma'),
    beta: null,
    dy: values('dy')!,
    rstd: null,
    dsum: null,
  });
  const { accuracy } = backend.supports;
  const steps = accuracy === 'loose' ? 4.5 : 0.5;
  const unit = { float32: 0, float16: 2 ** -10, bfloat16: 2 ** -7 }[dtype];
  const error = (scale: number, dx: number): number =>
    dxError(accuracy, scale, dx, null) + steps * unit * (accuracy === 'loose' ? scale : Math.abs(dx)) + TINY[dtype];
  return { prepared, normalization, scale: dxScale, terms: dgammaTerms, error };
}

/** Half the spacing of subnormals. */
const TINY: Readonly<Record<FloatDType, number>> = { float32: 2 ** -150, float16: 2 ** -25, bfloat16: 2 ** -134 };

function one(place: number, value: number): Distribution {
  return (random, count) => {
    const numbers = normal()(random, count);
    numbers[place] = value;
    return numbers;
  };
}
