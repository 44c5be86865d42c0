import { FEATURES, type Feature, FLOAT_DTYPES, RMSNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectThrow } from '../../case/refusal.ts';
import { dtypesOf, featuresOf } from '../../case/supported.ts';
import { withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle } from '../../inputs/distributions.ts';
import { ADD_FORWARD } from '../../operations/add-forward.ts';
import { BACKWARD } from '../../operations/backward.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import type { Named, OperationModel } from '../../operations/operation-model.ts';
import { FORWARD_QUANTIZED } from '../../operations/quantized.ts';
import { askedFor, numbersOf, outcomeOf, perform, upload, verify } from '../../operations/run-call.ts';
import { SCALE_BY, SUM_SQUARES } from '../../operations/sharded.ts';
import { SAMPLES } from './samples.ts';

const OPERATIONS: readonly OperationModel<never>[] = [
  ADD_FORWARD,
  GATED_FORWARD,
  BACKWARD,
  SUM_SQUARES,
  SCALE_BY,
  FORWARD_QUANTIZED,
] as readonly OperationModel<never>[];

const PLAIN: ForwardSpec = { shape: [3, 6], options: { dim: 6, axis: -1 } };

/** For each feature a call that needs it and nothing else. */
const NEEDS: Readonly<Record<Feature, ForwardSpec>> = {
  inner: { shape: [3, 6, 2], options: { dim: 6 } },
  groups: { shape: [3, 6], options: { dim: 6, axis: -1, groups: 2 } },
  partial: { shape: [3, 6], options: { dim: 6, axis: -1, partial: 0.5 } },
  clamp: { shape: [3, 6], options: { dim: 6, axis: -1, epsMode: 'clamp' } },
  beta: { ...PLAIN, beta: true },
  weightOffset: { shape: [3, 6], options: { dim: 6, axis: -1, weightOffset: 1 } },
  llama: { shape: [3, 6], options: { dim: 6, axis: -1, casting: 'llama' } },
  rstd: { ...PLAIN, rstd: true },
};

/** Features that an operation's arguments or options do not have. */
const WITHOUT: Readonly<Record<string, readonly Feature[]>> = {
  sumSquares: ['partial', 'beta', 'weightOffset', 'rstd'],
  scaleBy: ['partial', 'rstd'],
  forwardQuantized: ['rstd'],
};

/** `supports` and its `limits` for each operation: what is declared works, what is not throws. */
const bothSides: Case[] = OPERATIONS.flatMap((operation) => {
  const { op } = operation;
  const sided = (parameters: Record<string, string>, spec: ForwardSpec, declared: (s: Subject) => boolean): Case => ({
    id: caseId('supports/both-sides', { op, ...parameters }),
    requires: { op },
    async run(subject) {
      const dtype = spec.dtype ?? dtypesOf(subject.backend.supports, op)[0] ?? 'float32';
      const prepared = operation.prepare({ ...spec, dtype } as never, subject.random);
      if (declared(subject)) return verify(subject, prepared);
      await withTensors(subject.backend, async (tensors) => {
        const inputs = upload(tensors, prepared);
        const targets = askedFor(tensors, prepared);
        const what = Object.entries(parameters).map(([name, value]) => `${name} '${value}'`);
        expectThrow('UNSUPPORTED', `${op} with ${what}, which supports does not name for it,`, () =>
          prepared.call(inputs, targets),
        );
      });
    },
  });
  return [
    ...FLOAT_DTYPES.map((dtype) =>
      sided({ dtype }, { ...PLAIN, dtype }, ({ backend }) => dtypesOf(backend.supports, op).includes(dtype)),
    ),
    ...FEATURES.filter((feature) => !WITHOUT[op]?.includes(feature)).map((feature) =>
      sided({ feature }, NEEDS[feature], ({ backend }) => featuresOf(backend.supports, op).includes(feature)),
    ),
  ];
});

const EMPTY: readonly ForwardSpec[] = [
  { shape: [0, 5], options: { dim: 5, axis: -1 } },
  { shape: [2, 6, 0], options: { dim: 6, groups: 3 }, beta: true },
  { shape: [0, 3, 5, 7], options: { dim: [3, 5], axis: 1 } },
];

/** Empty tensors give empty tensors; dgamma and dbeta of no rows are zeros. */
const empties: Case[] = OPERATIONS.flatMap((operation) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    EMPTY.map((base, variation): Case => {
      const spec = { ...base, dtype, ...(operation.op === 'sumSquares' && { gamma: null, beta: null }) };
      return {
        id: caseId(`${operation.op}/empty`, { variation, dtype, shape: base.shape.join('x') }),
        requires: requirementsOf(spec as never, operation.op),
        async run(subject) {
          const prepared = operation.prepare(spec as never, subject.random);
          // Dirty memory: dgamma of zeros must be written, too.
          for (let i = 0; i < 3; i++) {
            await withTensors(subject.backend, async (tensors) => {
              for (const { shape, dtype: kind } of Object.values(prepared.outputs)) {
                if (kind !== 'int8') tensors.filled(7, shape, kind);
              }
            });
            const results = await outcomeOf(subject, prepared);
            for (const [name, values] of Object.entries(results)) {
              const zeros = name === 'dgamma' || name === 'dbeta' ? values.length : 0;
              compareBits(values, new Float32Array(zeros), 'float32', `${name} of an empty tensor`);
            }
          }
        },
      };
    }),
  ),
);

/** Many calls leave no more behind than what they gave back. */
const leaks: Case[] = OPERATIONS.map((operation) => {
  const { op } = operation;
  const spec: ForwardSpec = op === 'sumSquares' ? { ...PLAIN, gamma: null } : PLAIN;
  return {
    id: caseId('backend/leaks', { of: op }),
    requires: requirementsOf(spec as never, operation.op),
    async run(subject) {
      const { backend } = subject;
      const before = backend.memory();
      await withTensors(backend, async (tensors) => {
        const prepared = operation.prepare(spec as never, subject.random);
        const inputs = upload(tensors, prepared);
        const between = backend.memory();
        for (let i = 0; i < 20; i++) {
          await withTensors(backend, async (inner) => void perform(inner, prepared, inputs));
          const after = backend.memory();
          check(
            after.tensors === between.tensors && after.bytes === between.bytes,
            () => `memory() is ${JSON.stringify(after)} after call ${i}, it was ${JSON.stringify(between)}`,
          );
        }
      });
      check(backend.memory().tensors === before.tensors, 'tensors were left behind');
    },
  };
});

type Method = (norm: RMSNorm, inputs: Named<Tensor>) => Named<Tensor | null>;

/** The methods of the class, as the functions that the other cases call. */
const METHODS: Readonly<Record<string, Method>> = {
  addForward: (norm, { x, residual }) => ({ ...norm.addForward(x!, residual!) }),
  gatedForward: (norm, { x, gate }) => ({ y: norm.gatedForward(x!, gate!) }),
  backward: (norm, { x, dy }) => ({ ...norm.backward(x!, dy!) }),
  sumSquares: (norm, { x }) => ({ sums: norm.sumSquares(x!) }),
  scaleBy: (norm, { x, sums }) => ({ y: norm.scaleBy(x!, sums!, norm.options.size) }),
  forwardQuantized: (norm, { x }) => ({ ...norm.forwardQuantized(x!) }),
};

const methods: Case[] = OPERATIONS.flatMap((operation) =>
  [
    { shape: [3, 20], options: { dim: 20, axis: -1 } },
    { shape: [2, 12, 5], options: { dim: 12, groups: 3 }, beta: true },
  ].map((base): Case => {
    const { op } = operation;
    const spec: ForwardSpec = base as ForwardSpec;
    return {
      id: caseId(`${op}/class`, { shape: spec.shape.join('x') }),
      requires: requirementsOf(spec, op),
      async run(subject) {
        const prepared = operation.prepare(spec as never, subject.random);
        const { gamma, beta } = prepared.inputs;
        const norm = new RMSNorm({ ...spec.options, affine: gamma !== undefined, bias: beta !== undefined });
        try {
          // Another shape than the function's vectors: gradients take that of gamma.
          if (gamma) norm.gamma = { dtype: 'float32', shape: halved(gamma.shape), data: gamma.content.data };
          if (beta) norm.beta = { dtype: 'float32', shape: halved(beta.shape), data: beta.content.data };
          await withTensors(subject.backend, async (tensors) => {
            const results = METHODS[op]!(norm, upload(tensors, prepared));
            const made = Object.entries(results).filter((entry): entry is [string, Tensor] => entry[1] !== null);
            for (const [name, tensor] of made) {
              tensors.keep(tensor);
              const { shape } = prepared.outputs[name]!;
              const expected = name === 'dgamma' || name === 'dbeta' ? halved(shape) : shape;
              check(
                String(tensor.shape) === String(expected),
                () => `${name} has shape [${tensor.shape}], not [${expected}]`,
              );
            }
            prepared.compare(await numbersOf(Object.fromEntries(made)), subject.backend.supports);
          });
        } finally {
          norm.dispose();
        }
      },
    };
  }),
);

/** One tensor as two inputs, which no operation writes to. */
const SECOND: Readonly<Record<string, string>> = { addForward: 'residual', gatedForward: 'gate', backward: 'dy' };

const shared: Case[] = SAMPLES.filter(({ op }) => SECOND[op] !== undefined).map((sample) => ({
  id: sample.id('shared-inputs'),
  requires: sample.requires,
  async run(subject) {
    const name = SECOND[sample.op]!;
    const { x } = sample.prepare(subject.random).inputs;
    const same = cycle([...x!.content.values]);
    const prepared = sample.prepare(subject.random, { x: same, [name]: same });
    await withTensors(subject.backend, async (tensors) => {
      const inputs = upload(tensors, prepared);
      const results = perform(tensors, prepared, { ...inputs, [name]: inputs.x! });
      prepared.compare(await numbersOf(results), subject.backend.supports);
    });
  },
}));

export const operationCallCases: readonly Case[] = [...bothSides, ...empties, ...leaks, ...methods, ...shared];

function halved(shape: readonly number[]): readonly number[] {
  return [2, shape[0]! / 2];
}
