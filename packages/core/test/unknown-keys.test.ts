import { describe, expect, test } from 'vitest';
import {
  addRmsNorm,
  createBackend,
  gatedRmsNorm,
  pickBackend,
  presets,
  RMSNorm,
  reference,
  resolveOptions,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
  sumSquares,
} from '../src/index.ts';
import { ReferenceDriver } from '../src/reference/driver.ts';
import { backend, host, norm, options, sums, x } from './callable.ts';
import { code } from './samples.ts';

const t = backend.empty([1, 4]);
const driver = new ReferenceDriver();
const driverWith = (supports: object): never =>
  Object.assign(new ReferenceDriver(), { supports: { ...driver.supports, ...supports } }) as never;

/** Every object that a public function takes: how it is given, a key of it, and a mistake in writing that key. */
const OBJECTS: readonly [name: string, give: (object: never) => unknown, key: string, mistake: string][] = [
  ['RMSNorm', (o) => new RMSNorm({ dim: 4, ...(o as object) }), 'epsMode', 'eps_mode'],
  ['resolveOptions', (o) => resolveOptions({ dim: 4, ...(o as object) }), 'normBeforeGate', 'normBeforGate'],
  ['forward', (o) => norm.forward(x, o), 'out', 'output'],
  ['addForward', (o) => norm.addForward(x, x, o), 'rstd', 'rstds'],
  ['out of addForward', (out) => norm.addForward(x, x, { out }), 'sum', 'summ'],
  ['gatedForward', (o) => norm.gatedForward(x, x, o), 'out', 'Out'],
  ['backward', (o) => norm.backward(x, x, o), 'dsum', 'd_sum'],
  ['out of backward', (out) => norm.backward(x, x, { out }), 'dgamma', 'dGamma'],
  ['scaleBy', (o) => norm.scaleBy(x, sums, 4, o), 'out', 'ouput'],
  ['forwardQuantized', (o) => norm.forwardQuantized(x, o), 'scale', 'scal'],
  ['out of forwardQuantized', (out) => norm.forwardQuantized(x, { out }), 'scales', 'scale'],
  ['apply', (o) => norm.apply(host, backend, o), 'out', 'output'],
  ['a host tensor', (o) => norm.apply({ ...host, ...(o as object) }, backend), 'shape', 'shapes'],
  ['loadStateDict', (o) => norm.loadStateDict(norm.stateDict(), o), 'prefix', 'prefx'],
  ['rmsNorm', (o) => rmsNorm(x, { ...options, ...(o as object) }), 'gamma', 'gama'],
  ['addRmsNorm', (o) => addRmsNorm(x, x, { ...options, ...(o as object) }), 'beta', 'betta'],
  ['out of addRmsNorm', (out) => addRmsNorm(x, x, { ...options, out }), 'y', 'yy'],
  ['gatedRmsNorm', (o) => gatedRmsNorm(x, x, { ...options, ...(o as object) }), 'out', 'output'],
  ['rmsNormBackward', (o) => rmsNormBackward(x, x, { ...options, ...(o as object) }), 'dsum', 'dSum'],
  ['out of rmsNormBackward', (out) => rmsNormBackward(x, x, { ...options, out }), 'dx', 'dX'],
  ['sumSquares', (o) => sumSquares(x, { ...options, ...(o as object) }), 'groups', 'group'],
  ['scaleBy, the function', (o) => scaleBy(x, sums, 4, { ...options, ...(o as object) }), 'out', 'output'],
  ['rmsNormQuantized', (o) => rmsNormQuantized(x, { ...options, ...(o as object) }), 'quantScale', 'quantscale'],
  ['prepare', (o) => backend.prepare(norm, [[1, 4]], o), 'ops', 'op'],
  ['data', (o) => x.data(o), 'signal', 'sginal'],
  ['create', (o) => reference().create(o), 'signal', 'signals'],
  ['pickBackend', (o) => pickBackend([reference()], o), 'prefer', 'prefers'],
  ['presets.onnx', (o) => presets.onnx(8, o), 'axis', 'axes'],
  ['supports', (o) => createBackend(driverWith(o)), 'promises', 'promise'],
  ['limits', (limits) => createBackend(driverWith({ limits })), 'forward', 'foward'],
  ['a limit', (forward) => createBackend(driverWith({ limits: { forward } })), 'dtypes', 'dtype'],
];

async function errorOf(give: (object: never) => unknown, object: unknown): Promise<Error> {
  try {
    await give(object as never);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${JSON.stringify(object)} was taken`);
}

test.each(OBJECTS)('%s refuses a key that is not known, with the nearest', async (_name, give, key, mistake) => {
  const error = await errorOf(give, { [mistake]: undefined });
  expect(error).toEqual(code('INVALID_OPTION'));
  expect(error.message).toContain(`there is no key '${mistake}'`);
  expect(error.message).toContain(`did you mean '${key}'?`);
});

// In a preset null is a library's own default.
test.each(OBJECTS.filter(([name]) => !name.startsWith('presets')))(
  'null is no value of %s',
  async (_name, give, key) => {
    const error = await errorOf(give, { [key]: null });
    expect(error).toEqual(code('INVALID_OPTION'));
    expect(error.message).toContain(`${key} in `);
    expect(error.message).toContain('is null');
  },
);

/** Calls that must be fast do not look for these. */
const FAST = /forward|backward|scaleBy$|apply|host tensor|out of/i;
const SEARCHED = OBJECTS.filter(([name]) => !FAST.test(name));

test.each(SEARCHED)('%s refuses keys that a loop does not see', async (_name, give) => {
  const symbol = await errorOf(give, { [Symbol('out')]: 1 });
  expect(symbol).toEqual(code('INVALID_OPTION'));
  expect(symbol.message).toContain('there is no key Symbol(out)');
});

test('keys that are not enumerable are refused, or read where they are known', () => {
  const hidden = (key: string, value: unknown) => Object.defineProperty({ dim: 4 }, key, { value });
  expect(() => new RMSNorm(hidden('epsilon', 1))).toThrow(/no key 'epsilon'.* did you mean 'eps'/);
  expect(() => new RMSNorm(hidden('eps', null))).toThrow(/eps in the options is null/);
  expect(new RMSNorm(hidden('eps', 0.5)).options.eps).toBe(0.5);
});

test('exports of a module are options', () => {
  const namespace = Object.create(null, {
    dim: { value: 4, enumerable: true },
    [Symbol.toStringTag]: { value: 'Module' },
  });
  const transpiled = Object.defineProperty({ dim: 4, eps: 0.5 }, '__esModule', { value: true });
  expect(new RMSNorm(namespace).options.dims).toEqual([4]);
  expect(new RMSNorm(transpiled).options.eps).toBe(0.5);
});

describe('an object with a class', () => {
  class WithMistake {
    get output(): typeof t {
      return t;
    }
  }
  class WithMethod {
    readonly out = t;
    describe(): string {
      return 'targets';
    }
  }
  test('a Map, a Date and the like are none, whatever properties they have', () => {
    for (const given of [new Map(), new Set(), new Date(0), Promise.resolve(), new Error('no'), () => {}]) {
      const targets = Object.assign(given, { out: t }) as never;
      expect(() => norm.forward(x, targets)).toThrow(code('INVALID_OPTION'));
      expect(() => new RMSNorm(Object.assign(given, { dim: 4 }) as never)).toThrow(code('INVALID_OPTION'));
    }
  });

  test('has accessors that are known, and any methods', () => {
    const mistake = Object.assign(new WithMistake(), { rstd: backend.empty([1, 1, 1]) });
    expect(() => norm.forward(x, mistake as never)).toThrow(/no key 'output'.* did you mean 'out'/);
    expect(norm.forward(x, new WithMethod())).toBe(t);
  });
});

describe('what was meant', () => {
  const refusals: [string, () => unknown, RegExp][] = [
    ['y beside out', () => norm.addForward(x, x, { y: t } as never), /no key 'y'.* write \{ out: \{ y \} \}/],
    ['dx beside out', () => norm.backward(x, x, { dx: t } as never), /no key 'dx'.* write \{ out: \{ dx \} \}/],
    ['q beside out', () => rmsNormQuantized(x, { dim: 4, q: t } as never), /no key 'q'.* write \{ out: \{ q \} \}/],
    ['a tensor for targets', () => norm.addForward(x, x, t as never), /got a tensor: write \{ out: \{ y: tensor \} \}/],
    ['a tensor for out', () => norm.backward(x, x, { out: t as never }), /got a tensor: write \{ dx: tensor \}/],
    ['a tensor for options', () => rmsNorm(x, t as never), /got a tensor: write \{ dim: 512, out: tensor \}/],
    ['a host tensor for targets', () => norm.forward(x, host as never), /got a tensor: write \{ out: tensor \}/],
    ['an array for targets', () => norm.forward(x, [] as never), /must be an object with the keys out, rstd, got \[\]/],
    ['elements for targets', () => norm.forward(x, new Float32Array(4) as never), /got Float32Array\(16 bytes\)/],
    ['a Map for targets', () => norm.forward(x, new Map([['out', t]]) as never), /got Map \{\}/],
    ['a number for targets', () => norm.addForward(x, x, 1 as never), /got 1/],
    ['affine of a function', () => rmsNorm(x, { dim: 4, affine: true } as never), /a gamma if its tensor is given/],
    ['groups beside options', () => new RMSNorm({ dim: 4 } as never, 2), /groups are one of the options/],
    ['targets of sumSquares', () => norm.sumSquares(...([x, { out: sums }] as unknown as [typeof x])), /takes x alone/],
    ['out of the function sumSquares', () => sumSquares(x, { dim: 4, out: sums } as never), /it gives a new tensor/],
    ['no options', () => rmsNorm(x, undefined as never), /got undefined/],
  ];
  test.each(refusals)('is said: %s', (_name, call, message) => {
    expect(call).toThrow(code('INVALID_OPTION'));
    expect(call).toThrow(message);
  });

  test('apply says what to write, too', async () => {
    await expect(norm.apply(host, backend, host as never)).rejects.toThrow(/got a tensor: write \{ out: hostTensor \}/);
    await expect(norm.apply(x as never, backend)).rejects.toThrow(/x is a tensor of a backend/);
  });

  test('of 300 keys one is named', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, i]));
    expect(() => new RMSNorm({ dim: 4, ...many })).toThrow(/^.{1,250}$/);
  });
});

test('inherited keys count, but for those of Object.prototype; getters of a class are read', () => {
  class Targets {
    get out(): typeof t {
      return t;
    }
  }
  expect(norm.forward(x, new Targets())).toBe(t);
  expect(() => norm.forward(x, Object.create({ output: t }))).toThrow(code('INVALID_OPTION'));
  expect(() => new RMSNorm(Object.assign(Object.create({ eps: null }), { dim: 4 }))).toThrow(code('INVALID_OPTION'));
  const everywhere = Object.prototype as { addedByALibrary?: number };
  everywhere.addedByALibrary = 1;
  try {
    expect(norm.forward(x, { out: t })).toBe(t);
  } finally {
    delete everywhere.addedByALibrary;
  }
  expect(norm.forward(x, {})).not.toBe(t);
  expect(norm.forward(x, Object.create(null)).shape).toEqual([1, 4]);
});
