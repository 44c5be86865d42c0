import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { constant, cycle, type Distribution, heavyTailed, normal, oneAt, uniform } from '../../inputs/distributions.ts';
import { GATED_FORWARD, type GatedForwardSpec } from '../../operations/gated-forward.ts';
import { operationCase } from '../../operations/run-call.ts';
import { optionCases, shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** Mamba-2's `norm_before_gate`, both ways. */
const ORDERS = { 'gate-first': { normBeforeGate: false }, 'norm-first': { normBeforeGate: true } } as const;

/** Every case in both orders. */
function inBothOrders(make: (order: string, options: { readonly normBeforeGate: boolean }) => Case[]): Case[] {
  return Object.entries(ORDERS).flatMap(([order, options]) => make(order, options));
}

const plain: Case[] = inBothOrders((order, options) => [
  ...shapeCases(GATED_FORWARD, { parameters: { order }, extra: { options: options as never } }),
  ...optionCases(GATED_FORWARD, { parameters: { order }, extra: { options: options as never, rstd: true } }),
]);

/** Kinds of gates. silu(z) is about z for large z, z / 2 for small ones, and z * exp(z) for negative ones. */
const GATES: Readonly<Record<string, Distribution>> = {
  wide: uniform(-100, 100),
  negative: uniform(-60, -10),
  /** Below -88 exp(-z) is beyond float32, but z * exp(z) is not below it until -91.8. */
  'underflow-edge': uniform(-91.5, -86),
  underflow: uniform(-110, -88),
  'far-negative': uniform(-1e15, -1000),
  'far-positive': uniform(1000, 1e15),
  tiny: normal(1e-12),
  zeros: cycle([0, -0, 1, -1]),
  'near-minus-1.278': uniform(-1.3, -1.25),
  constant,
  heavy: heavyTailed,
};

const gates: Case[] = inBothOrders((order, options) =>
  Object.entries(GATES).flatMap(([name, gate]) =>
    FLOAT_DTYPES.filter((dtype) => dtype !== 'float16' || !name.startsWith('far')).flatMap((dtype) =>
      [
        { shape: [3, 129], options: { dim: 129, axis: -1, eps: 1e-5, ...options } },
        { shape: [2, 12, 5], options: { dim: 12, groups: 2, eps: 1e-5, ...options } },
      ].map((layout) =>
        operationCase(
          caseId('gatedForward/gates', { order, gate: name, dtype, shape: showShape(layout.shape) }),
          GATED_FORWARD,
          {
            ...layout,
            dtype,
            gate,
            // Squares of 1e15 and more are beyond float32 where the gate comes first.
            promises: name.startsWith('far') && !options.normBeforeGate ? ['extremes'] : [],
            lookAt: 'silu(z) = z / (1 + exp(-z)): neither exp(-z) nor its reciprocal may overflow or vanish too early',
          },
        ),
      ),
    ),
  ),
);

const MAGNITUDES: readonly { x: number; gate: Distribution; eps: number; name: string }[] = [
  { name: 'x=1e15', x: 1e15, gate: normal(4), eps: 1e-5 },
  { name: 'x=1e15,gate=1e15', x: 1e15, gate: uniform(-1e15, 1e15), eps: 1e-5 },
  { name: 'x=1e-15,gate=1e15', x: 1e-15, gate: uniform(1, 1e15), eps: 1e-5 },
  { name: 'x=1e-15', x: 1e-15, gate: normal(4), eps: 0 },
  { name: 'gate=-60,eps=0', x: 1, gate: uniform(-60, -50), eps: 0 },
  { name: 'gate=-80,eps=1e-60', x: 1, gate: uniform(-82, -78), eps: 1e-60 },
  { name: 'x=1e15,gate=-80', x: 1e15, gate: uniform(-82, -78), eps: 1e-5 },
];

const extremes: Case[] = inBothOrders((order, options) =>
  MAGNITUDES.map(({ name, x, gate, eps }) =>
    operationCase(`gatedForward/extremes:order=${order},${name}`, GATED_FORWARD, {
      shape: [3, 130],
      options: { dim: 130, axis: -1, groups: 2, eps, ...options },
      x: normal(x),
      gate,
      promises: ['extremes'],
    }),
  ),
);

/** x * r beyond float16 is infinite under 'llama', and stays so times every silu that float32 holds. */
const overflow: Case[] = Object.entries({ wide: uniform(-40, 40), 'underflow-edge': uniform(-91, -86) }).flatMap(
  ([name, gate]) =>
    [
      { shape: [3, 129], options: { dim: 129, axis: -1 } },
      { shape: [2, 12, 5], options: { dim: 12, groups: 2 } },
    ].map(({ shape, options }) =>
      operationCase(
        caseId('gatedForward/overflow', { order: 'norm-first', gate: name, shape: showShape(shape) }),
        GATED_FORWARD,
        {
          shape,
          options: { ...options, scale: 1e7, casting: 'llama', ...ORDERS['norm-first'] },
          dtype: 'float16',
          gate,
          lookAt: "'llama' rounds x * r to float16, whose infinity the gate does not bring back",
        },
      ),
    ),
);

const nonFinite: Case[] = inBothOrders((order, options) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    [
      { shape: [4, 33], options: { dim: 33, axis: -1, ...options } },
      { shape: [3, 12, 5], options: { dim: 12, groups: 3, ...options } },
    ].flatMap((layout) => {
      const make = (what: string, extra: Partial<GatedForwardSpec>): Case =>
        operationCase(
          caseId('gatedForward/non-finite', { order, of: what, dtype, shape: showShape(layout.shape) }),
          GATED_FORWARD,
          {
            ...layout,
            ...extra,
            dtype,
            promises: ['nonFinite'],
            lookAt: options.normBeforeGate
              ? 'what is not finite in the gate changes its own element alone'
              : 'what is not finite in the gate changes its own row alone',
          },
        );
      return [
        make('gate-nan', { gate: oneAt(40, NAN, normal(2)) }),
        make('gate-infinite', { gate: oneAt(40, INF, normal(2)) }),
        make('gate-minus-infinite', { gate: oneAt(40, -INF, normal(2)) }),
        make('x-nan', { x: oneAt(40, NAN, normal(2)) }),
        make('x-infinite', { x: oneAt(40, -INF, normal(2)) }),
        make('zero-rows', { x: cycle([0]), options: { ...layout.options, eps: 0 } }),
        make('zero-gates', { gate: cycle([0]), options: { ...layout.options, eps: 0 } }),
      ];
    }),
  ),
);

/** gatedForward: both orders of norm and gate, with gates from -1e15 to 1e15. */
export const gatedForwardCases: readonly Case[] = [...plain, ...gates, ...extremes, ...overflow, ...nonFinite];
