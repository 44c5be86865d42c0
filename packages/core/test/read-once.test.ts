import { describe, expect, test } from 'vitest';
import {
  addRmsNorm,
  type BackendProvider,
  gatedRmsNorm,
  isRMSNormError,
  layoutOf,
  pickBackend,
  presets,
  RMSNorm,
  reference,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
} from '../src/index.ts';
import { backend, host, norm, options, sums, x } from './callable.ts';
import { code } from './samples.ts';

const t = backend.empty([1, 4]);
const rstd = backend.empty([1, 1, 1]);
const dgamma = backend.empty([4]);
const q = backend.empty([1, 4], 'int8');
const signal = new AbortController().signal;

/** Calls that take an object, with all keys of it. */
const CALLS: readonly [name: string, call: (object: never) => unknown, keys: object][] = [
  ['forward', (o) => norm.forward(x, o), { out: t, rstd }],
  ['addForward', (o) => norm.addForward(x, x, o), { out: { y: t }, rstd }],
  ['out of addForward', (out) => norm.addForward(x, x, { out }), { y: t, sum: backend.empty([1, 4]) }],
  ['gatedForward', (o) => norm.gatedForward(x, x, o), { out: t, rstd }],
  ['backward', (o) => norm.backward(x, x, o), { rstd, dsum: x, out: { dx: t } }],
  ['out of backward', (out) => norm.backward(x, x, { out }), { dx: t, dgamma }],
  ['scaleBy', (o) => norm.scaleBy(x, sums, 4, o), { out: t }],
  ['forwardQuantized', (o) => norm.forwardQuantized(x, o), { scale: 1, out: { q } }],
  ['out of forwardQuantized', (out) => norm.forwardQuantized(x, { out }), { q, scales: backend.empty([1, 1]) }],
  ['apply', (o) => norm.apply(host, backend, o), { out: { ...host } }],
  ['x of apply', (o) => norm.apply(o, backend), host],
  ['out of apply', (out) => norm.apply(host, backend, { out }), { ...host }],
  ['gamma', (o) => Object.assign(new RMSNorm(4), { gamma: o }), { ...host }],
  ['loadStateDict', (o) => norm.loadStateDict(norm.stateDict(), o), { prefix: '' }],
  ['RMSNorm', (o) => new RMSNorm(o), { ...options, eps: 1, affine: true, bias: true, scale: 2 }],
  ['rmsNorm', (o) => rmsNorm(x, o), { ...options, gamma: dgamma, out: t, rstd }],
  ['addRmsNorm', (o) => addRmsNorm(x, x, o), { ...options, out: { y: t }, rstd }],
  ['gatedRmsNorm', (o) => gatedRmsNorm(x, x, o), { ...options, out: t, rstd }],
  ['rmsNormBackward', (o) => rmsNormBackward(x, x, o), { ...options, gamma: dgamma, rstd, out: { dx: t } }],
  ['scaleBy, the function', (o) => scaleBy(x, sums, 4, o), { ...options, out: t }],
  ['rmsNormQuantized', (o) => rmsNormQuantized(x, o), { ...options, quantScale: 1, out: { q } }],
  ['prepare', (o) => backend.prepare(norm, [[1, 4]], o), { dtype: 'float32', ops: ['forward'] }],
  ['the norm of prepare', (o) => backend.prepare(o, [[1, 4]]), { options: norm.options }],
  ['its options', (o) => backend.prepare({ options: o }, [[1, 4]]), norm.options],
  ['layoutOf', (o) => layoutOf(o, [1, 4]), norm.options],
  ['data', (o) => x.data(o), { signal }],
  ['create', (o) => reference().create(o), { signal }],
  ['pickBackend', (o) => pickBackend([reference()], o), { prefer: 'reference', signal, onProbe: () => {} }],
  ['a provider', (o) => pickBackend([o]), reference()],
  ['a signal', (o) => x.data({ signal: o }), signalOf({})],
  ['presets.onnx', (o) => presets.onnx(4, o), { axis: -1, eps: 1, casting: 'llama' }],
];

function signalOf(more: object): object {
  return { aborted: false, reason: 'why', addEventListener: () => {}, removeEventListener: () => {}, ...more };
}

/** As `keys`, but `key` is a getter that throws at its n-th read; of the object's own, or of its class. */
function failing(keys: object, key: string, reads: number, own: boolean): object {
  const { [key]: value, ...others } = keys as Record<string, unknown>;
  let count = 0;
  const get = (): unknown => {
    count += 1;
    if (count >= reads) throw new Error('read again');
    return value;
  };
  const object = Object.assign(Object.create(own ? Object.prototype : Object.create(Object.prototype)), others);
  Object.defineProperty(own ? object : Object.getPrototypeOf(object), key, { get, enumerable: own });
  return object;
}

async function outcomeOf(call: (object: never) => unknown, object: object): Promise<unknown> {
  try {
    await call(object as never);
    return null;
  } catch (error) {
    return error;
  }
}

describe.each(CALLS)('%s', (_name, call, keys) => {
  test('takes it', async () => {
    expect(await outcomeOf(call, keys)).toBe(null);
  });

  test.each(Object.keys(keys))('a getter of %s that throws, at whatever read, is an RMSNormError', async (key) => {
    for (const own of [true, false]) {
      for (let reads = 1; reads <= 6; reads++) {
        const error = await outcomeOf(call, failing(keys, key, reads, own));
        if (error !== null) expect(isRMSNormError(error), `read ${reads}: ${(error as Error).stack}`).toBe(true);
      }
    }
  });
});

test('a signal that throws at its listeners is an RMSNormError, and nothing is left unhandled', async () => {
  const boom = (): never => {
    throw new Error('called');
  };
  for (const key of ['addEventListener', 'removeEventListener']) {
    const error = await outcomeOf((o) => x.data({ signal: o }), signalOf({ [key]: boom }));
    if (error !== null) expect(error).toEqual(code('INVALID_OPTION'));
  }
  const listeners: (() => void)[] = [];
  const late = Object.defineProperty(
    signalOf({ addEventListener: (_: string, listener: () => void) => listeners.push(listener) }),
    'reason',
    { get: boom },
  );
  const pending = outcomeOf((o) => x.data({ signal: o }), late);
  for (const listener of listeners) listener();
  expect(await pending).toEqual(code('INVALID_OPTION'));
});

test('resolved options that others put together are checked', async () => {
  const wrong = { ...norm.options, axis: 1n as never };
  expect(() => layoutOf(wrong, [1, 4])).toThrow(/axis must be an integer, got 1n/);
  await expect(backend.prepare({ options: wrong }, [[1, 4]])).rejects.toThrow(code('INVALID_OPTION'));
  await expect(backend.prepare({ options: { dims: [4], axis: 1n } } as never, [[1, 4]])).rejects.toThrow(/got 1n/);
});

test('what answers whatever it is asked is no tensor', () => {
  const answers: unknown[] = [1, {}, () => {}, null, 'text'];
  for (const answer of answers) {
    const proxy = new Proxy({}, { get: () => answer }) as never;
    for (const call of [() => norm.forward(proxy), () => norm.addForward(x, proxy), () => norm.forward(x, proxy)]) {
      expect(call).toThrow(expect.toSatisfy(isRMSNormError));
    }
  }
});

describe('a provider', () => {
  test('of a later version is refused, with the versions', async () => {
    const later = { ...reference(), apiVersion: 2 } as unknown as BackendProvider;
    const picked = pickBackend([later]);
    await expect(picked).rejects.toThrow(
      /reference\s+UNSUPPORTED\s+its apiVersion is 2, and this @rmsnorm\/core knows 1/,
    );
    await expect(picked).rejects.toThrow(code('NO_BACKEND'));
    expect((await pickBackend([later, reference()])).name).toBe('reference');
  });

  test('keeps its `this`', async () => {
    class Own {
      readonly name = 'own';
      readonly apiVersion = 1;
      readonly #real = reference();
      probe(): ReturnType<BackendProvider['probe']> {
        return this.#real.probe();
      }
      create(): ReturnType<BackendProvider['create']> {
        return this.#real.create();
      }
    }
    expect((await pickBackend([new Own()])).name).toBe('reference');
  });
});
