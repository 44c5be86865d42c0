import { reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { OperationsDriver } from '../../test/self-test/operations-driver.ts';
import { PlainDriver } from '../../test/self-test/plain-driver.ts';
import { providerOf } from '../../test/self-test/provider.ts';
import { createRandom } from '../inputs/random.ts';
import { drawTrial } from './draw.ts';
import { runFuzz } from './fuzz.ts';
import { errorBeforeRounding } from './largest-errors.ts';
import { rowsIn, type Trial } from './trial.ts';
import { faultOf } from './trial-runner.ts';
import { formatTrial, parseTrial } from './trial-text.ts';

test('every operation of the reference passes; the same seed gives the same trials', async () => {
  const first = await runFuzz(reference(), { rows: 3000, seed: 5 });
  expect(first.failures).toEqual([]);
  expect(first.rows).toBeGreaterThanOrEqual(3000);
  expect(first.largest.filter(({ output }) => output === 'y' || output === 'dx').length).toBeGreaterThan(10);
  expect(await runFuzz(reference(), { rows: 3000, seed: 5 })).toEqual(first);
});

test.each([
  [{ rows: 5, seeds: 1 }, /no key 'seeds' in runFuzz's options: did you mean 'seed'\?/],
  [{ row: 5 }, /did you mean 'rows'\?/],
  [{}, /rows must be a number above 0, got undefined/],
  [{ rows: Symbol('many') }, /got Symbol\(many\)/],
  [{ rows: null }, /rows in runFuzz's options is null/],
])('options that are none are refused: %o', async (options, message) => {
  await expect(runFuzz(reference(), options as never)).rejects.toThrow(message);
});

test('a correct driver in float32 passes, with errors below the bound', async () => {
  const report = await runFuzz(
    providerOf(() => new PlainDriver()),
    { rows: 3000 },
  );
  expect(report.failures).toEqual([]);
  const [float32] = report.largest.filter(({ dtype }) => dtype === 'float32');
  expect(float32!.error).toBeGreaterThan(0.5);
  expect(float32!.error).toBeLessThan(6);
});

/** The last feature of odd rows counts as 1. */
class TailDriver extends PlainDriver {
  override readonly supports = { ...new PlainDriver().supports, dtypes: ['float32'] as const };
  override forward(...[p, io]: Parameters<PlainDriver['forward']>): void {
    super.forward(p, io);
    if (p.size > 1 && p.size % 2 === 1 && p.groups === 1)
      new Float32Array(io.y.buffer, io.y.byteOffset, p.size)[p.size - 1] = 1;
  }
}

test('a wrong driver: a counterexample that is small, and fails again from its text', async () => {
  const provider = providerOf(() => new TailDriver());
  const { failures } = await runFuzz(provider, { rows: 3000 });
  expect(failures).toHaveLength(1);
  const { trial, message } = failures[0]!;
  expect(rowsIn(trial)).toBe(1);
  expect(trial.size).toBe(3);
  expect(Object.keys(trial.options)).toEqual([]);
  expect(message).toContain('1 of 3 elements of y are wrong');
  const backend = await provider.create();
  expect(await faultOf(backend, parseTrial(formatTrial(trial)))).toBe(message);
  await backend.dispose();
});

test('what a backend does not declare or promise is not drawn', () => {
  const supports = { ...new PlainDriver().supports, features: [], promises: [] };
  for (let i = 0; i < 300; i++) {
    const trial = drawTrial(createRandom(1, String(i)), supports, { op: 'forward', dtype: 'float32' });
    expect([trial.groups, trial.inner, trial.rstd, trial.inputs.beta]).toEqual([1, 1, false, undefined]);
    expect(Object.keys(trial.options).filter((name) => name !== 'eps' && name !== 'scale')).toEqual([]);
    const bits = trial.inputs.x as Uint32Array;
    for (const value of new Float32Array(bits.buffer)) {
      if (value !== 0 && !(Math.abs(value) >= 2 ** -19 && Math.abs(value) <= 2 ** 19)) expect.fail(`drew ${value}`);
    }
  }
});

test('all bits of a trial survive its text, payloads of NaNs too', () => {
  const supports = new PlainDriver().supports;
  for (const dtype of supports.dtypes) {
    const trial = drawTrial(createRandom(2, dtype), supports, { op: 'forward', dtype });
    expect(parseTrial(formatTrial(trial))).toEqual(trial);
  }
  expect(() => parseTrial('{"op":"nothing"}')).toThrow('RMSNORM_INVALID_OPTION');
});

// Found by seed 1: x * r = 1e6 is infinite in float16, and silu(-246.75) = -1.7e-105 is 0 in float32 but not in float64.
test.each(['wide', 'flushed'])(
  'an infinite x * r under a silu below float32 is left open, to float64 and to float32: %s',
  async (silu) => {
    class SiluDriver extends OperationsDriver {
      override silu(z: number): number {
        return silu === 'wide' ? super.silu(z) : Math.fround(super.silu(z));
      }
    }
    const backend = await providerOf(() => new SiluDriver()).create();
    const call = (gate: string): Trial =>
      parseTrial(
        `{"op":"gatedForward","dtype":"float16","outer":1,"groups":1,"size":2,"inner":1,"spread":false,"rstd":false,"scale":null,"others":0,
      "options":{"eps":1e-12,"partial":0.01,"casting":"llama","normBeforeGate":true},"inputs":{"x":"0000 3c00","gate":"0000 ${gate}"}}`,
      );
    expect(await faultOf(backend, call('dbb6'))).toBeNull();
    // silu(-48) = -6.8e-20: minus infinity to both, and nothing else.
    expect(await faultOf(backend, call('d200'))).toBeNull();
    await backend.dispose();
  },
);

test('the error before a rounding: none of the nearest result, else the distance to the tie', () => {
  const unit = 2 ** -23;
  expect(errorBeforeRounding('float32', 1 + 3 * unit, 1, unit)).toBe(3);
  expect(errorBeforeRounding('float16', 1, 1 + 2 ** -12, unit)).toBe(0);
  // The tie between 1 and 1 + 2^-10 is 1 + 2^-11.
  expect(errorBeforeRounding('float16', 1 + 2 ** -10, 1 + 2 ** -11 - 2 * unit, unit)).toBe(2);
  expect(errorBeforeRounding('float16', 1, 1 + 2 ** -11 + 3 * unit, unit)).toBe(3);
  // Below a power of two steps are half as long: the tie is 1 - 2^-12.
  expect(errorBeforeRounding('float16', 1, 1 - 2 ** -12 - unit, unit)).toBe(1);
});

/** Never answers, or rejects where nobody waits. */
class HostileDriver extends PlainDriver {
  override readonly supports = { ...new PlainDriver().supports, dtypes: ['float32'] as const };
  readonly #read: () => Promise<void>;

  constructor(read: () => Promise<void>) {
    super();
    this.#read = read;
  }

  override read(...[block, into]: Parameters<PlainDriver['read']>): Promise<void> {
    return this.#read().then(() => super.read(block, into));
  }
}

test('a call that does not come back ends the fuzz, and is its failure', async () => {
  const provider = providerOf(() => new HostileDriver(() => new Promise(() => {})));
  const { failures, trials } = await runFuzz(provider, { rows: 3000, timeout: 50 });
  expect([failures.length, trials]).toEqual([1, 1]);
  expect(failures[0]!.message).toBe('did not come back within 50 ms: does every promise of the driver settle?');
});

test('a rejection that nobody waits for is a failure of its call', async () => {
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const astray = async (): Promise<void> => void Promise.reject(new Error('astray'));
  const { failures } = await runFuzz(
    providerOf(() => new HostileDriver(astray)),
    { rows: 300 },
  );
  for (const listener of listeners) process.on('unhandledRejection', listener);
  expect(failures[0]!.message).toMatch(/^a promise was rejected that nobody waits for .*: threw Error: astray/);
});
