// The speed of wasm({ threads }) over one thread, by size: node scripts/bench-threads.mjs [threads] [operation ...]
//
// Both run one after the other in every round, many calls each, and what is shown are the quartiles of the rounds' ratios, each
// of the median call of one to that of the other. A round counts where no thread of this process was preempted (involuntary
// context switches, of getrusage) in it: on a machine that others use too, that says whether it had its cores. Its host may
// have taken them all the same for a while, which the median call does not show, and which costs whoever waits for two threads more.

import { cpus } from 'node:os';
import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '../dist/index.js';

const ROUNDS = 41;
const ROUND_MS = 10;
const LONGEST_MS = 8000;

const SHAPES = [
  [8, 1024],
  [16, 1024],
  [32, 1024],
  [64, 1024],
  [1024, 64],
  [4, 16384],
  [64, 4096],
  [4096, 64],
  [2, 512, 32, 32],
  [128, 4096],
  [256, 4096],
  [1, 512, 64, 64],
  [2, 512, 64, 64],
  [1024, 4096],
  [4096, 4096],
];

const OPERATIONS = {
  forward: (norm, x, _, y) => () => norm.forward(x, y),
  addForward: (norm, x, other, y, sum) => () => norm.addForward(x, other, { out: { y, sum } }),
  gatedForward: (norm, x, other, y) => () => norm.gatedForward(x, other, { out: y }),
};

const threads = Number(process.argv[2] ?? 2);
const operations = process.argv.length > 3 ? process.argv.slice(3) : Object.keys(OPERATIONS);
const only = process.env.SHAPES?.split(',');

function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((part) => sorted[Math.round(part * (sorted.length - 1))]);
}

/** Milliseconds of the median one of `count` calls that follow each other. */
function timed(call, count) {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    call();
    times[i] = performance.now() - start;
  }
  return times.sort()[count >> 1];
}

const preemptions = () => process.resourceUsage().involuntaryContextSwitches;

const backends = [await wasm().create(), await wasm({ threads }).create()];
console.log(
  `${cpus()[0].model}, ${cpus().length} cores; node ${process.version}; ${backends[1].device}; ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log(
  '| operation | shape | elements | one thread, µs | speed over it: first quartile | median | third | rounds |',
);
console.log('|---|---|--:|--:|--:|--:|--:|--:|');
for (const operation of operations) {
  for (const shape of SHAPES) {
    if (only && !only.includes(shape.join('x'))) continue;
    const norm = new RMSNorm({ dim: shape[1], axis: 1 });
    const elements = shape.reduce((product, length) => product * length, 1);
    const data = Float32Array.from({ length: elements }, (_, i) => Math.sin(i * i));
    const tensors = backends.map((backend) => [
      backend.tensor(data, shape),
      backend.tensor(data, shape),
      backend.empty(shape),
      backend.empty(shape),
    ]);
    const [one, many] = tensors.map((each) => OPERATIONS[operation](norm, ...each));
    for (const start = performance.now(); performance.now() - start < 60; ) {
      one();
      many();
    }
    let count = 1;
    for (; ; count *= 2) {
      const start = performance.now();
      for (let i = 0; i < count; i++) one();
      if (performance.now() - start > ROUND_MS) break;
    }
    const ratios = [];
    const alone = [];
    let rounds = 0;
    for (const start = performance.now(); ratios.length < ROUNDS && performance.now() - start < LONGEST_MS; rounds++) {
      const before = preemptions();
      const [a, b] =
        rounds % 2 ? [timed(one, count), timed(many, count)] : [timed(many, count), timed(one, count)].reverse();
      if (preemptions() !== before) continue;
      ratios.push(a / b);
      alone.push(a * 1000);
    }
    const shown = ratios.length ? quartiles(ratios).map((ratio) => ratio.toFixed(2)) : ['-', '-', '-'];
    console.log(
      `| ${operation} | ${shape.join('x')} | ${elements} | ${alone.length ? quartiles(alone)[1].toFixed(1) : '-'} | ${shown.join(' | ')} | ${ratios.length} of ${rounds} |`,
    );
    for (const tensor of tensors.flat()) tensor.dispose();
    norm.dispose();
  }
}
await Promise.all(backends.map((backend) => backend.dispose()));
