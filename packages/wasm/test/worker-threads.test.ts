import { Worker } from 'node:worker_threads';
import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { expect, test } from 'vitest';

/** Normalizes `rows` rows of 3, 4 in a worker thread that runs the built package, and gives what it posts. */
function normalizeInWorker(rows: number, module?: WebAssembly.Module): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fixtures/worker-thread.mjs', import.meta.url), {
      workerData: { rows, module },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test('runs in worker threads, several at a time, each with a memory of its own', async () => {
  const here = await wasm().create();
  const answers = await Promise.all([1, 5, 1000].map((rows) => normalizeInWorker(rows)));
  for (const [i, rows] of [1, 5, 1000].entries()) {
    const x = here.tensor(
      Float32Array.from({ length: 2 * rows }, (_, j) => 3 + (j % 2)),
      [rows, 2],
    );
    expect(answers[i]).toEqual(await new RMSNorm({ dim: 2, axis: -1 }).forward(x).data());
  }
});

test('runs a module that was compiled once and posted to the worker', async () => {
  const { readFile } = await import('node:fs/promises');
  const module = await WebAssembly.compile(await readFile(new URL(import.meta.resolve('@rmsnorm/wasm/rmsnorm.wasm'))));
  expect(await normalizeInWorker(5, module)).toEqual(await normalizeInWorker(5));
});
