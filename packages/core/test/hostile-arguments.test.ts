import { describe, expect, test } from 'vitest';
import {
  addRmsNorm,
  bfloat16Bits,
  bfloat16Value,
  bytesPerElement,
  createBackend,
  decode,
  encode,
  float16Bits,
  float16Value,
  gatedRmsNorm,
  hostTensor,
  isRMSNormError,
  layoutOf,
  pickBackend,
  presets,
  problemOf,
  RMSNorm,
  reference,
  resolveOptions,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  roundTo,
  scaleBy,
  sumSquares,
} from '../src/index.ts';
import { backend, host, norm, options, resolved, sums, x } from './callable.ts';
import { hostileValues, trappedValues, UNSAFE_IN_MESSAGES } from './hostile.ts';

/** Puts a value at each key of an object in turn. */
function each(keys: readonly string[], call: (object: never) => unknown): Record<string, (value: never) => unknown> {
  return Object.fromEntries(keys.map((key) => [key, (value: unknown) => call({ [key]: value } as never)]));
}

const targets = ['out', 'rstd', 'typo'];
const functionOptions = ['dim', 'groups', 'axis', 'eps', 'epsMode', 'scale', 'partial', 'weightOffset', 'casting'];
const optionKeys = [...functionOptions, 'affine', 'bias', 'normBeforeGate', 'typo'];
const functionKeys = [...functionOptions, 'gamma', 'beta', ...targets];

/** Every argument of every public function and method, and every key of those that are objects. */
const ARGUMENTS: Readonly<Record<string, Record<string, (value: never) => unknown>>> = {
  RMSNorm: {
    first: (v) => new RMSNorm(v),
    groups: (v) => new RMSNorm(8, v),
    'groups beside options': (v) => new RMSNorm({ dim: 8 } as never, v),
    'a dim of several': (v) => new RMSNorm([2, v]),
    ...each(optionKeys, (given: object) => new RMSNorm({ dim: 8, ...given })),
  },
  'norm.forward': {
    x: (v) => norm.forward(v),
    target: (v) => norm.forward(x, v),
    ...each(targets, (given) => norm.forward(x, given)),
  },
  'norm.addForward': {
    x: (v) => norm.addForward(v, x),
    residual: (v) => norm.addForward(x, v),
    targets: (v) => norm.addForward(x, x, v),
    ...each(targets, (given) => norm.addForward(x, x, given)),
    y: (v) => norm.addForward(x, x, { out: { y: v } }),
    sum: (v) => norm.addForward(x, x, { out: { sum: v } }),
  },
  'norm.gatedForward': {
    gate: (v) => norm.gatedForward(x, v),
    target: (v) => norm.gatedForward(x, x, v),
    ...each(targets, (given) => norm.gatedForward(x, x, given)),
  },
  'norm.backward': {
    dy: (v) => norm.backward(x, v),
    targets: (v) => norm.backward(x, x, v),
    ...each([...targets, 'dsum'], (given) => norm.backward(x, x, given)),
    ...each(['dx', 'dgamma', 'dbeta', 'dg'], (out) => norm.backward(x, x, { out })),
  },
  'norm.sumSquares': { x: (v) => norm.sumSquares(v) },
  'norm.scaleBy': {
    x: (v) => norm.scaleBy(v, sums, 4),
    sums: (v) => norm.scaleBy(x, v, 4),
    count: (v) => norm.scaleBy(x, sums, v),
    targets: (v) => norm.scaleBy(x, sums, 4, v),
    out: (v) => norm.scaleBy(x, sums, 4, { out: v }),
  },
  'norm.forwardQuantized': {
    targets: (v) => norm.forwardQuantized(x, v),
    ...each(['out', 'scale'], (given) => norm.forwardQuantized(x, given)),
    ...each(['q', 'scales'], (out) => norm.forwardQuantized(x, { out })),
  },
  'norm.apply': {
    x: (v) => norm.apply(v, backend),
    backend: (v) => norm.apply(host, v),
    targets: (v) => norm.apply(host, backend, v),
    out: (v) => norm.apply(host, backend, { out: v }),
    ...each(['dtype', 'shape', 'data', 'strides'], (given: object) => norm.apply({ ...host, ...given }, backend)),
  },
  'norm.gamma and the state dict': {
    gamma: (v) => {
      norm.gamma = v;
    },
    beta: (v) => {
      norm.beta = v;
    },
    dict: (v) => norm.loadStateDict(v),
    weight: (v) => norm.loadStateDict({ weight: v }),
    bias: (v) => norm.loadStateDict({ ...norm.stateDict(), bias: v }),
    options: (v) => norm.loadStateDict(norm.stateDict(), v),
    prefix: (v) => norm.loadStateDict(norm.stateDict(), { prefix: v }),
  },
  'the functions': {
    ...each(functionKeys, (given: object) => rmsNorm(x, { dim: 4, axis: -1, ...given })),
    'options of rmsNorm': (v) => rmsNorm(x, v),
    'options of addRmsNorm': (v) => addRmsNorm(x, x, v),
    'out of addRmsNorm': (v) => addRmsNorm(x, x, { ...options, out: v }),
    'options of gatedRmsNorm': (v) => gatedRmsNorm(x, x, v),
    'options of rmsNormBackward': (v) => rmsNormBackward(x, x, v),
    'gamma of rmsNormBackward': (v) => rmsNormBackward(x, x, { ...options, gamma: v }),
    'options of sumSquares': (v) => sumSquares(x, v),
    'options of scaleBy': (v) => scaleBy(x, sums, 4, v),
    'count of scaleBy': (v) => scaleBy(x, sums, v, options),
    'options of rmsNormQuantized': (v) => rmsNormQuantized(x, v),
    'quantScale of rmsNormQuantized': (v) => rmsNormQuantized(x, { ...options, quantScale: v }),
  },
  backend: {
    'data of tensor': (v) => backend.tensor(v, [2]),
    'an element of tensor': (v) => backend.tensor([1, v], [2]),
    'shape of tensor': (v) => backend.tensor([1, 2], v),
    'a length of tensor': (v) => backend.tensor([1, 2], [2, v]),
    'dtype of tensor': (v) => backend.tensor([1, 2], [2], v),
    'shape of empty': (v) => backend.empty(v),
    'dtype of empty': (v) => backend.empty([2], v),
    'handle of wrap': (v) => backend.wrap(v, [2]),
    'shape of wrap': (v) => backend.wrap(new Float32Array(2), v),
    'dtype of wrap': (v) => backend.wrap(new Float32Array(2), [2], v),
    'norm of prepare': (v) => backend.prepare(v, [[1, 4]]),
    'shapes of prepare': (v) => backend.prepare(norm, v),
    'a shape of prepare': (v) => backend.prepare(norm, [v]),
    'options of prepare': (v) => backend.prepare(norm, [[1, 4]], v),
    ...each(['dtype', 'ops', 'typo'], (given) => backend.prepare(norm, [[1, 4]], given)),
    'an operation of prepare': (v) => backend.prepare(norm, [[1, 4]], { ops: [v] }),
    tidy: (v) => typeof v === 'function' || backend.tidy(v),
    'options of data': (v) => x.data(v),
    'signal of data': (v) => x.data({ signal: v }),
    'options of create': (v) => reference().create(v),
    'signal of create': (v) => reference().create({ signal: v }),
    driver: (v) => createBackend(v),
  },
  pickBackend: {
    candidates: (v) => pickBackend(v),
    'a candidate': (v) => pickBackend([v, reference()]),
    'what a loader gives': (v) => pickBackend([async () => v]),
    'what a loader throws': (v) => pickBackend([() => Promise.reject(v)]),
    'what a probe gives': (v) => pickBackend([{ ...reference(), probe: async () => v }]),
    'a reason': (v) =>
      pickBackend([{ ...reference(), probe: async () => ({ ok: false, code: v, reason: v, hint: v }) }]),
    'what a create throws': (v) => pickBackend([{ ...reference(), create: () => Promise.reject(v) }]),
    'a name': (v) => pickBackend([{ ...reference(), name: v, create: () => Promise.reject(new Error('no')) }]),
    options: (v) => pickBackend([reference()], v),
    ...each(['prefer', 'signal', 'typo'], (given) => pickBackend([reference()], given)),
    onProbe: (v) => typeof v === 'function' || pickBackend([reference()], { onProbe: v }),
  },
  presets: {
    zeta: (v) => new RMSNorm(presets.zeta(v)),
    'groups of zeta': (v) => new RMSNorm(presets.zeta(8, v)),
    torch: (v) => new RMSNorm(presets.torch(v)),
    'eps of torch': (v) => new RMSNorm(presets.torch(8, v)),
    onnx: (v) => new RMSNorm(presets.onnx(v)),
    'options of onnx': (v) => new RMSNorm(presets.onnx(8, v)),
    ...each(['axis', 'eps', 'casting', 'typo'], (given) => new RMSNorm(presets.onnx(8, given))),
    llama: (v) => new RMSNorm(presets.llama(v)),
    'eps of gemma': (v) => new RMSNorm(presets.gemma(8, v)),
    'groups of mamba2': (v) => new RMSNorm(presets.mamba2(8, v)),
    'order of mamba2': (v) => new RMSNorm(presets.mamba2(8, 1, 1e-5, v)),
  },
  'values and layouts': {
    hostTensor: (v) => hostTensor(v),
    'an element of hostTensor': (v) => hostTensor([[1, v]]),
    'shape of hostTensor': (v) => hostTensor([1, 2], v),
    'dtype of hostTensor': (v) => hostTensor([1, 2], [2], v),
    encode: (v) => encode(v, 'float16'),
    'an element of encode': (v) => encode([v], 'bfloat16'),
    'an element of encode, float32': (v) => encode([v], 'float32'),
    'dtype of encode': (v) => encode([1], v),
    decode: (v) => decode(v, 'float16'),
    'dtype of decode': (v) => decode(new Uint16Array(1), v),
    roundTo: (v) => roundTo('float32', v),
    'dtype of roundTo': (v) => roundTo(v, 1),
    float16Bits: (v) => float16Bits(v),
    float16Value: (v) => float16Value(v),
    bfloat16Bits: (v) => bfloat16Bits(v),
    bfloat16Value: (v) => bfloat16Value(v),
    bytesPerElement: (v) => bytesPerElement(v),
    resolveOptions: (v) => resolveOptions(v),
    layoutOf: (v) => layoutOf(v, [1, 4]),
    'shape of layoutOf': (v) => layoutOf(resolved, v),
    problemOf: (v) => problemOf(v, [1, 4], 'float32'),
    'shape of problemOf': (v) => problemOf(resolved, v, 'float32'),
    'dtype of problemOf': (v) => problemOf(resolved, [1, 4], v),
  },
};

describe.each(Object.entries(ARGUMENTS))('%s', (_of, calls) => {
  test.each(Object.entries(calls))('%s: whatever is given, an RMSNormError or a result', async (_name, call) => {
    for (const [name, value] of hostileValues()) {
      const error = await errorOf(call, value);
      if (error === null) continue;
      expect(isRMSNormError(error), `${name}: ${String(error)}`).toBe(true);
      const { message } = error as Error;
      expect(message.length, message).toBeLessThan(1000);
      expect(message).not.toMatch(UNSAFE_IN_MESSAGES);
    }
  });

  test.each(Object.entries(calls))(
    '%s: what a getter or a Proxy throws is the cause of an RMSNormError',
    async (_name, call) => {
      for (const [name, value] of trappedValues()) {
        const error = await errorOf(call, value);
        if (error === null) continue;
        expect(isRMSNormError(error), `${name}: ${(error as Error).stack}`).toBe(true);
        expect((error as Error).message.length).toBeLessThan(1000);
      }
    },
  );
});

async function errorOf(call: (value: never) => unknown, value: unknown): Promise<unknown> {
  try {
    await call(value as never);
    return null;
  } catch (error) {
    return error;
  }
}

test('lists of 2^32 - 1 holes are refused, and not looked through', () => {
  const holes = new Array(2 ** 32 - 1);
  const refusals: readonly [() => unknown, string][] = [
    [() => new RMSNorm(holes), 'INVALID_OPTION'],
    [() => backend.empty(holes), 'SHAPE'],
    [() => backend.tensor(holes, [4]), 'SHAPE'],
    [() => layoutOf(resolved, holes), 'SHAPE'],
    [() => hostTensor(new Float32Array(4), holes), 'SHAPE'],
  ];
  for (const [call, code] of refusals) expect(call).toThrow(expect.objectContaining({ code }));
});

test.each([
  ['shapes', (holes: never[]) => backend.prepare(norm, holes)],
  ['ops', (ops: never[]) => backend.prepare(norm, [[1, 4]], { ops })],
])('prepare() refuses as many %s', async (_what, call) => {
  await expect(call(new Array<never>(2 ** 32 - 1))).rejects.toSatisfy(isRMSNormError);
});

test('hostTensor() refuses lists that hold one another, of 2^32 numbers in all', () => {
  let lists: unknown = [1, 1];
  for (let i = 0; i < 30; i++) lists = [lists, lists];
  expect(() => hostTensor(lists as never)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
});
