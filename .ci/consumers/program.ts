/** What every consumer runs: the six lines, pickBackend, and two threads, whose bits are compared. */
export const PROGRAM = `
import { pickBackend, RMSNorm, reference } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';

export async function check(options = {}) {
  const backend = await pickBackend([wasm(options), reference()]);
  const norm = new RMSNorm({ dim: 1024, axis: -1 });
  const data = Float32Array.from({ length: 64 * 1024 }, (_, i) => Math.sin(i));
  const y = await norm.forward(backend.tensor(data, [64, 1024])).data();
  const rms = Math.sqrt(y.subarray(0, 1024).reduce((sum, value) => sum + value * value, 0) / 1024);

  const two = await wasm({ threads: threads(2), ...options }).create();
  const other = await norm.forward(two.tensor(data, [64, 1024])).data();
  const { device } = two;
  await two.dispose();
  await backend.dispose();
  return { backend: backend.name, rms, device, same: y.every((value, i) => value === other[i]) };
}
`;

/** A page's module: the answer of the page itself, and of a worker of its own that imports our packages. */
export const PAGE = `
import { check } from './program.js';

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const ofWorker = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message || 'the worker was not loaded'));
});
globalThis.answer = Promise.all([check(), ofWorker]).then(([page, worker]) => ({ page, worker }));
`;

export const WORKER = `
import { check } from './program.js';

check().then(postMessage, (error) => postMessage({ failed: String(error?.stack ?? error) }));
`;

export const HTML =
  '<!doctype html><meta charset="utf-8"><title>consumer</title><script type="module" src="./page.js"></script>';

/** For bundlers that begin with the page. */
export const SOURCES = { 'index.html': HTML, 'page.js': PAGE, 'worker.js': WORKER } as const;

/** A program for a runtime on the command line. */
export const PRINTED = `
import { check } from './program.js';

console.log(JSON.stringify(await check()));
`;
