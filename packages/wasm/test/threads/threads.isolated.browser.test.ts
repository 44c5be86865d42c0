import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import { expect, test } from 'vitest';
import { answerUnder } from '../fixtures/answer-under.ts';
import { compareThreads } from '../fixtures/compare-threads.ts';

test('the page is isolated', () => {
  expect(crossOriginIsolated).toBe(true);
});

test('a page has two threads, which give the bits of one', async () => {
  expect(await compareThreads(2)).toEqual({ device: 'WebAssembly SIMD, 2 threads', different: [] });
});

test('so has a worker of it, which may sleep while it waits', async () => {
  const worker = new Worker(new URL('../fixtures/threads-worker.ts', import.meta.url), { type: 'module' });
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  expect(answer).toEqual({ device: 'WebAssembly SIMD, 3 threads', different: [] });
});

test('apply() streams, and data() gives arrays of their own', async () => {
  const backend = await wasm({ threads: threads(2) }).create();
  const norm = new RMSNorm({ dim: 1024, axis: -1 });
  const x = { dtype: 'float32', shape: [1024, 1024], data: new Float32Array(2 ** 20).fill(2) } as const;
  const y = await norm.apply(x, backend);
  expect((y.data as Float32Array).every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
  const tensor = norm.forward(backend.tensor(x.data, x.shape));
  expect(tensor.view!().buffer).toBeInstanceOf(SharedArrayBuffer);
  expect((await tensor.data()).buffer).toBeInstanceOf(ArrayBuffer);
  await backend.dispose();
});

test('where the script was not put beside the code, its text is run', async () => {
  const Real = Worker;
  const asked: string[] = [];
  const Missing = class extends Real {
    constructor(address: string | URL, options?: WorkerOptions) {
      asked.push(new URL(address).protocol);
      super(asked.length === 1 ? '/nowhere/worker.js' : address, options);
    }
  };
  Object.assign(globalThis, { Worker: Missing });
  try {
    expect(await compareThreads(2)).toEqual({ device: 'WebAssembly SIMD, 2 threads', different: [] });
    expect(asked).toEqual(['http:', 'blob:']);
  } finally {
    Object.assign(globalThis, { Worker: Real });
  }
});

test('a worker of the caller is run, by its address or as it is', async () => {
  const address = new URL('../../dist/generated/worker.js', import.meta.url);
  for (const worker of [address, address.href, () => new Worker(address, { type: 'module' })]) {
    expect(await compareThreads(2, { worker })).toEqual({ device: 'WebAssembly SIMD, 2 threads', different: [] });
  }
});

test('Trusted Types allow the policy rmsnorm, or leave one thread, which the device says', async () => {
  const create = new URL('../fixtures/threads-create.ts', import.meta.url);
  const trusted = "require-trusted-types-for 'script'; trusted-types";
  expect(await answerUnder(`${trusted} rmsnorm`, create)).toBe('WebAssembly SIMD, 2 threads');
  expect(await answerUnder(`${trusted} 'none'`, create)).toMatch(
    /^WebAssembly SIMD, one thread, not 2: its 1 worker did not start \(.+\)$/,
  );
});

test('a policy that forbids its workers leaves one thread, which the device says', async () => {
  const create = new URL('../fixtures/threads-create.ts', import.meta.url);
  const answer = await answerUnder("script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'", create);
  expect(answer).toMatch(/^WebAssembly SIMD, one thread, not 2: its 1 worker did not start \(.+\)$/);
  expect(await answerUnder("script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'", create)).toBe(
    'WebAssembly SIMD, 2 threads',
  );
});
