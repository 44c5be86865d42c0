import { FLOAT_DTYPES, type FloatDType, type HostTensor, RMSNorm, type RMSNormOptions } from '@rmsnorm/core';
import { type Case, NotApplicable, type Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { compareForward } from '../../expected/compare-forward.ts';
import { rowsShape } from '../../expected/normalization.ts';
import { gammaOf } from '../../inputs/distributions.ts';
import { decoded } from '../../inputs/elements.ts';
import { toleranceFor } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

/** The class over the same cases: shapes small, larger than a stage of a streamed apply, and strided. */
const SPECS: readonly ForwardSpec[] = [
  { shape: [3, 5], options: { dim: 5, axis: -1 } },
  { shape: [1, 1], options: { dim: 1, axis: -1 } },
  { shape: [7, 129], options: { dim: 129, axis: -1, weightOffset: 1 }, beta: true },
  { shape: [67, 1031], options: { dim: 1031, axis: -1 } },
  { shape: [1, 65537], options: { dim: 65537, axis: -1 } },
  { shape: [3, 8, 5], options: { dim: 8, groups: 2 } },
  { shape: [3, 37, 400], options: { dim: 37 } },
  { shape: [1, 4099, 17], options: { dim: 4099 }, gamma: null },
  { shape: [2, 12, 3001], options: { dim: 12, groups: 4 }, beta: true },
];

const forwards: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SPECS.filter(({ shape }) => shape.reduce((a, b) => a * b) < 10_000).map((base) =>
    classCase('class', { ...base, dtype }, async (subject, inputs, norm) => {
      await withTensors(subject.backend, async (tensors) => {
        const x = tensors.of(inputs.x, inputs.shape);
        const y = tensors.keep(norm.forward(x));
        check(y !== x && y.backend === subject.backend, "forward gives a new tensor on x's backend");
        check(
          String(y.shape) === String(x.shape) && y.dtype === dtype,
          `y is ${y.dtype} [${y.shape}], x ${dtype} [${x.shape}]`,
        );
        compare(subject, inputs, (await read(y)).values);
        const out = tensors.empty(inputs.shape, dtype);
        check(norm.forward(x, out) === out, 'forward(x, out) returns out');
        compare(subject, inputs, (await read(out)).values);
        check(norm.forward(x, { out: x }) === x, 'forward(x, { out: x }) returns x');
        compare(subject, inputs, (await read(x)).values);
      });
    }),
  ),
);

const applies: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SPECS.flatMap((base) => {
    const spec: ForwardSpec = { ...base, dtype };
    return [
      classCase('apply', spec, async (subject, inputs, norm) => {
        const { backend } = subject;
        const source = hostOf(inputs);
        const original = source.data.slice();
        const y = await norm.apply(source, backend);
        check(String(y.shape) === String(inputs.shape) && y.dtype === dtype, `apply gave ${y.dtype} [${y.shape}]`);
        const { values } = decoded(dtype, y.data as Float32Array);
        compare(subject, inputs, values, 'y of apply');
        compareBits(Array.from(source.data), Array.from(original), dtype, 'x was changed by apply');
        if (backend.supports.promises.includes('invariance')) {
          const inTensors = await withTensors(backend, async (tensors) =>
            read(tensors.keep(norm.forward(tensors.of(inputs.x, inputs.shape)))),
          );
          compareBits(values, inTensors.values, dtype, 'apply against forward, which differ in place alone');
        }
      }),
      classCase('apply-out', spec, async (subject, inputs, norm) => {
        // Both arrays begin at an odd element of a larger buffer, as in a file that was read whole.
        const source = within(hostOf(inputs));
        const target = within(hostOf(inputs));
        const memory = target.data.buffer;
        target.data.fill(dtype === 'float32' ? -9 : 0x4321);
        const result = await norm.apply(source, subject.backend, { out: target });
        check(result.data === target.data, 'apply(x, backend, { out }) returns out');
        compare(subject, inputs, decoded(dtype, target.data).values, 'out of apply');
        const around = new Uint8Array(memory);
        const { byteOffset, byteLength } = target.data;
        check(
          around.every((byte, i) => (i >= byteOffset && i < byteOffset + byteLength) || byte === 0),
          'apply wrote beside out, into the rest of its buffer',
        );
        await norm.apply(source, subject.backend, { out: source });
        compare(subject, inputs, decoded(dtype, source.data).values, 'x after apply in place');
      }),
    ];
  }),
);

const states: Case[] = [
  state('fresh', { dim: 24, axis: -1 }, async (subject, norm) => {
    const inputs = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 }, gamma: null }, subject.random);
    const values = await outcome(subject, norm, inputs);
    compare(subject, inputs, values);
    for (let row = 0; row < 3; row++) {
      const squares = values.subarray(row * 24, row * 24 + 24).reduce((sum, value) => sum + value * value, 0);
      check(Math.abs(Math.sqrt(squares / 24) - 1) < 1e-4, () => `row ${row} has RMS ${Math.sqrt(squares / 24)}, not 1`);
    }
  }),
  state('fresh-offset', { dim: 24, axis: -1, weightOffset: 1, bias: true }, async (subject, norm) => {
    const inputs = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 }, gamma: null }, subject.random);
    compare(
      subject,
      { ...inputs, options: { ...inputs.options, weightOffset: 1 }, beta: new Float32Array(24) },
      await outcome(subject, norm, inputs),
    );
  }),
  state('gamma-changed', { dim: 24, axis: -1 }, async (subject, norm) => {
    const inputs = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 } }, subject.random);
    await outcome(subject, norm, inputs);
    (norm.gamma!.data as Float32Array).set(inputs.gamma!);
    norm.update();
    compare(subject, inputs, await outcome(subject, norm, inputs), 'y after gamma was changed and update() called');
  }),
  state('gamma-set', { dim: 24, axis: -1, bias: true }, async (subject, norm) => {
    const inputs = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 }, beta: true }, subject.random);
    await outcome(subject, norm, inputs);
    norm.gamma = { dtype: 'float32', shape: [4, 6], data: inputs.gamma! };
    norm.beta = { dtype: 'float32', shape: [24], data: inputs.beta! };
    compare(subject, inputs, await outcome(subject, norm, inputs), 'y after gamma and beta were set');
  }),
  state('state-dict', { dim: 24, axis: -1, bias: true }, async (subject, norm) => {
    const inputs = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 }, beta: true }, subject.random);
    await outcome(subject, norm, inputs);
    const weight = Float32Array.from(inputs.gamma!);
    const bias = Float32Array.from(inputs.beta!);
    norm.loadStateDict({
      weight: { dtype: 'float32', shape: [24], data: weight },
      bias: { dtype: 'float32', shape: [24], data: bias },
    });
    weight.fill(0);
    bias.fill(0);
    compare(subject, inputs, await outcome(subject, norm, inputs), 'y after loadStateDict()');
    const dict = norm.stateDict();
    compareBits(Array.from(dict.weight!.data), inputs.gamma!, 'float32', 'stateDict().weight');
    compareBits(Array.from(dict.bias!.data), inputs.beta!, 'float32', 'stateDict().bias');
  }),
  state('gamma-of-16-bits', { dim: 24, axis: -1 }, async (subject, norm) => {
    const drawn = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 } }, subject.random);
    const bits = Uint16Array.from(drawn.gamma!, (value) => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16);
    norm.gamma = { dtype: 'bfloat16', shape: [24], data: bits };
    const gamma = decoded('bfloat16', bits).values;
    const inputs = { ...drawn, gamma, operands: { ...drawn.operands, gamma } };
    compare(subject, inputs, await outcome(subject, norm, inputs), 'y with a bfloat16 gamma from the host');
  }),
  state('many-shapes', { dim: 24, axis: -1 }, async (subject, norm) => {
    for (const shape of [
      [3, 24],
      [1, 24],
      [2, 3, 24],
      [3, 24],
      [65, 24],
    ]) {
      const inputs = inputsOf({ shape, options: { dim: 24, axis: -1 }, gamma: null }, subject.random);
      compare(
        subject,
        inputs,
        await outcome(subject, norm, inputs),
        `y of shape ${showShape(shape)}, one norm for many shapes`,
      );
    }
  }),
  state('two-norms', { dim: 24, axis: -1 }, async (subject, norm) => {
    const other = new RMSNorm({ dim: 24, axis: -1 });
    try {
      const first = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 } }, subject.random);
      const gamma = gammaOf(subject.random, 24);
      norm.gamma = { dtype: 'float32', shape: [24], data: first.gamma! };
      other.gamma = { dtype: 'float32', shape: [24], data: gamma };
      await withTensors(subject.backend, async (tensors) => {
        const x = tensors.of(first.x, first.shape);
        const y = tensors.keep(norm.forward(x));
        const z = tensors.keep(other.forward(x));
        compare(subject, first, (await read(y)).values, 'y of the first of two norms');
        compare(
          subject,
          { ...first, gamma, operands: { ...first.operands, gamma } },
          (await read(z)).values,
          'y of the second of two norms',
        );
      });
    } finally {
      other.dispose();
    }
  }),
  state('prepare', { dim: 24, axis: -1 }, async (subject, norm) => {
    await subject.backend.prepare(norm, [
      [3, 24],
      [1, 24],
    ]);
    subject.backend.flush();
    const inputs = inputsOf({ shape: [3, 24], options: { dim: 24, axis: -1 }, gamma: null }, subject.random);
    compare(subject, inputs, await outcome(subject, norm, inputs), 'y after prepare()');
  }),
  {
    id: caseId('forward/first-example', { shape: '2x512x4x4' }),
    requires: { op: 'forward', dtypes: ['float32'], features: ['inner'] },
    async run(subject) {
      const norm = new RMSNorm(512, 1);
      try {
        const inputs = inputsOf({ shape: [2, 512, 4, 4], options: { dim: 512 }, gamma: null }, subject.random);
        compare(subject, inputs, await outcome(subject, norm, inputs), 'new RMSNorm(512, 1).forward(x)');
      } finally {
        norm.dispose();
      }
    },
  },
  {
    id: caseId('forward/apply', { data: 'Float16Array' }),
    requires: { op: 'forward', dtypes: ['float16'] },
    async run(subject) {
      const { Float16Array } = globalThis as { Float16Array?: new (buffer: ArrayBufferLike) => HostTensor['data'] };
      if (!Float16Array) throw new NotApplicable('not in this runtime: Float16Array');
      const norm = new RMSNorm({ dim: 33, axis: -1, affine: false });
      const inputs = inputsOf(
        { dtype: 'float16', shape: [5, 33], options: { dim: 33, axis: -1 }, gamma: null },
        subject.random,
      );
      const x: HostTensor = { dtype: 'float16', shape: [5, 33], data: new Float16Array(inputs.x.data.buffer) };
      const y = await norm.apply(x, subject.backend);
      check(y.data[Symbol.toStringTag] === 'Float16Array', 'apply gives an array of the same kind as x has');
      compare(subject, inputs, Float32Array.from(y.data), 'apply on a Float16Array');
    },
  },
];

const EMPTY: readonly ForwardSpec[] = [
  { shape: [0, 5], options: { dim: 5, axis: -1 } },
  { shape: [0, 5], options: { dim: 5, axis: -1 }, rstd: true },
  { shape: [0, 5], options: { dim: 5, axis: -1, partial: 0.5 }, beta: true },
  { shape: [2, 5, 0], options: { dim: 5 } },
  { shape: [2, 6, 0], options: { dim: 6, groups: 3 } },
  { shape: [0, 5, 0], options: { dim: 5 } },
  { shape: [0, 3, 5, 7], options: { dim: [3, 5], axis: 1 } },
];

const empties: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  EMPTY.map((base, index) =>
    classCase(
      'empty',
      { ...base, dtype },
      async ({ backend }, inputs, norm) => {
        const { shape } = inputs;
        await withTensors(backend, async (tensors) => {
          const x = tensors.empty(shape, dtype);
          const rstd = base.rstd ? { rstd: tensors.empty(rowsShape(inputs.operands.normalization)) } : {};
          const y = tensors.keep(norm.forward(x, rstd));
          check(String(y.shape) === String(shape) && y.dtype === dtype, `an empty tensor gave ${y.dtype} [${y.shape}]`);
          check((await y.data()).length === 0, 'data() of an empty tensor is not empty');
          const out = tensors.empty(shape, dtype);
          check(norm.forward(x, { out }) === out, 'forward(x, { out }) returns out, also for empty tensors');
          const data = dtype === 'float32' ? new Float32Array(0) : new Uint16Array(0);
          const host = await norm.apply({ dtype, shape, data }, backend);
          check(
            host.data.length === 0 && String(host.shape) === String(shape),
            `apply of an empty tensor gave [${host.shape}]`,
          );
        });
      },
      { variation: index },
    ),
  ),
);

export const normCases: readonly Case[] = [...forwards, ...applies, ...states, ...empties];

/** A case with a norm of the class, its gamma and beta set to those of the inputs. */
function classCase(
  family: string,
  spec: ForwardSpec,
  run: (subject: Subject, inputs: ForwardInputs, norm: RMSNorm) => Promise<void>,
  parameters: Record<string, string | number> = {},
): Case {
  const dtype: FloatDType = spec.dtype ?? 'float32';
  return {
    id: caseId(`forward/${family}`, { ...parameters, dtype, shape: showShape(spec.shape) }),
    requires: requirementsOf(spec),
    async run(subject) {
      const inputs = inputsOf(spec, subject.random);
      const { gamma, beta, options } = inputs;
      const norm = new RMSNorm({ ...options, affine: gamma !== null, bias: beta !== null });
      try {
        if (gamma) norm.gamma = { dtype: 'float32', shape: [gamma.length], data: gamma };
        if (beta) norm.beta = { dtype: 'float32', shape: [beta.length], data: beta };
        await run(subject, inputs, norm);
      } finally {
        norm.dispose();
      }
    },
  };
}

function state(name: string, options: RMSNormOptions, run: (subject: Subject, norm: RMSNorm) => Promise<void>): Case {
  return {
    id: caseId('forward/class', { state: name }),
    requires: {
      op: 'forward',
      dtypes: ['float32'],
      features: [
        ...(options.bias ? ['beta' as const] : []),
        ...(options.weightOffset ? ['weightOffset' as const] : []),
      ],
    },
    async run(subject) {
      const norm = new RMSNorm(options);
      try {
        await run(subject, norm);
      } finally {
        norm.dispose();
      }
    },
  };
}

function outcome({ backend }: Subject, norm: RMSNorm, { x, shape }: ForwardInputs): Promise<Float32Array> {
  return withTensors(backend, async (tensors) => (await read(tensors.keep(norm.forward(tensors.of(x, shape))))).values);
}

function compare(subject: Subject, inputs: ForwardInputs, values: ArrayLike<number>, what = 'y'): void {
  const { operands, shape } = inputs;
  compareForward(values, { operands, shape, tolerance: toleranceFor(subject, inputs), what });
}

function hostOf({ x, shape }: ForwardInputs): HostTensor & { data: Float32Array | Uint16Array } {
  return { dtype: x.dtype, shape, data: x.data.slice() };
}

/** The same tensor in the middle of a larger buffer. */
function within(host: HostTensor & { data: Float32Array | Uint16Array }): typeof host {
  const { data } = host;
  const Kind = data.constructor as new (length: number) => typeof data;
  const memory = new Kind(data.length + 6);
  memory.set(data, 3);
  return { ...host, data: memory.subarray(3, 3 + data.length) };
}
