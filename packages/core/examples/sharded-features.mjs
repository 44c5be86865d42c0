// A norm whose features are split over processes, as tensor-parallel layers split them: each process has some columns of
// every row. One all-reduce, of one number for each row, makes the result that of the whole.
//
//     node packages/core/examples/sharded-features.mjs

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RMSNorm, reference } from '@rmsnorm/core';

const THIS_FILE = fileURLToPath(import.meta.url);

/** What every process does with its columns: `gamma.length` of the `count` features. */
async function normalizeOwn({ x, rows, gamma, count, eps }) {
  const backend = await reference().create(); // or any other whose supports.ops has sumSquares and scaleBy
  const norm = new RMSNorm({ dim: gamma.length, axis: -1, eps });
  norm.gamma = { dtype: 'float32', shape: [gamma.length], data: gamma };

  const own = backend.tensor(x, [rows, gamma.length]);
  const ownSums = norm.sumSquares(own);
  const sums = await allReduceSum(await ownSums.data());
  const y = norm.scaleBy(own, backend.tensor(sums, ownSums.shape), count);
  const data = await y.data();
  norm.dispose();
  await backend.dispose();
  return data;
}

/** The collective, here by messages; MPI_Allreduce, NCCL or Gloo have it ready. */
async function allReduceSum(sums) {
  process.send({ sums });
  const [{ total }] = await once(process, 'message');
  return total;
}

/**
 * y = x / sqrt(mean(x^2) + eps) * gamma, in as many processes as there are widths.
 * @param x [rows, gamma.length], float32
 * @param widths how many features each process has; they need not be equal
 */
export async function normalizeSharded(x, gamma, widths, eps = 1e-6) {
  const count = gamma.length;
  const rows = x.length / count;
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const workers = widths.map(() => fork(THIS_FILE, ['worker'], { serialization: 'advanced' }));
  try {
    for (const [i, worker] of workers.entries()) {
      const [start, width] = [starts[i], widths[i]];
      const columns = new Float32Array(rows * width);
      for (let row = 0; row < rows; row++) {
        columns.set(x.subarray(row * count + start, row * count + start + width), row * width);
      }
      worker.send({ x: columns, rows, gamma: gamma.slice(start, start + width), count, eps });
    }
    const parts = await Promise.all(workers.map(nextMessage));
    // In float64 and always in the same order, so that every run has the same bits.
    const total = Float32Array.from({ length: rows }, (_, row) => parts.reduce((sum, { sums }) => sum + sums[row], 0));
    for (const worker of workers) worker.send({ total });

    const y = new Float32Array(x.length);
    for (const [i, { data }] of (await Promise.all(workers.map(nextMessage))).entries()) {
      for (let row = 0; row < rows; row++) {
        y.set(data.subarray(row * widths[i], (row + 1) * widths[i]), row * count + starts[i]);
      }
    }
    return y;
  } finally {
    for (const worker of workers) worker.kill();
  }
}

async function nextMessage(worker) {
  const ended = new AbortController();
  const died = once(worker, 'exit', { signal: ended.signal }).then(([code, signal]) => {
    throw new Error(`a worker ended with ${signal ?? `exit code ${code}`} before it was done`);
  });
  try {
    return (await Promise.race([once(worker, 'message'), died]))[0];
  } finally {
    died.catch(() => {});
    ended.abort();
  }
}

async function main() {
  const [rows, widths] = [8, [500, 300, 224]];
  const count = widths.reduce((sum, width) => sum + width, 0);
  const x = Float32Array.from({ length: rows * count }, (_, i) => Math.sin(i + 1) * 10 ** (i % 5));
  const gamma = Float32Array.from({ length: count }, (_, i) => 1 + Math.cos(i) / 2);
  const sharded = await normalizeSharded(x, gamma, widths);

  const backend = await reference().create();
  const norm = new RMSNorm({ dim: count, axis: -1 });
  norm.gamma = { dtype: 'float32', shape: [count], data: gamma };
  const whole = (await norm.apply({ dtype: 'float32', shape: [rows, count], data: x }, backend)).data;
  const ulp = (value) => 2 ** (Math.floor(Math.log2(Math.abs(value))) - 23);
  const largest = whole.reduce((most, value, i) => Math.max(most, Math.abs(sharded[i] - value) / ulp(value)), 0);
  console.log(`${rows} rows of ${count} features in ${widths.length} processes of ${widths.join(', ')}`);
  console.log(`largest difference from the unsplit norm: ${largest} ulp`);
}

if (process.argv[2] === 'worker') {
  const [task] = await once(process, 'message');
  process.send({ data: await normalizeOwn(task) }, () => process.disconnect());
} else if (process.argv[1] === THIS_FILE) {
  await main();
}
