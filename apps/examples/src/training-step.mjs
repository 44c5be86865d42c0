// Training a norm's gamma: forward, which keeps rstd for backward, then backward, one step of SGD, and update().
//
// The task is to find the gamma of another norm from its outputs. The loss is the mean of (y - target)^2.
//
//     npm install @rmsnorm/core @rmsnorm/wasm
//     node training-step.mjs

import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';

/** @import { Tensor } from '@rmsnorm/core' */

const [ROWS, DIM, EPS] = [64, 256, 1e-6];
const STEPS = 50;
const LEARNING_RATE = 30;
let seed = 1;

const backend = await wasm().create();
const norm = new RMSNorm({ dim: DIM, axis: -1, eps: EPS });
const gamma = new Float32Array(DIM).fill(1); // the norm keeps this very array
norm.gamma = { dtype: 'float32', shape: [DIM], data: gamma };

const x = backend.tensor(randomArray(ROWS * DIM, 3), [ROWS, DIM]);
const teacher = new RMSNorm({ dim: DIM, axis: -1, eps: EPS });
const wanted = randomArray(DIM, 0.5).map((g) => 1 + g);
teacher.gamma = { dtype: 'float32', shape: [DIM], data: wanted };
const target = teacher.forward(x);

// Made once. rstd is 1 / sqrt(mean(x^2) + eps) of each row: [outer, groups, inner], here [rows, 1, 1].
const y = backend.empty([ROWS, DIM]);
const dy = backend.empty([ROWS, DIM]);
const dx = backend.empty([ROWS, DIM]); // would go on to the layer before
const rstd = backend.empty([ROWS, 1, 1]);

for (let step = 0; step <= STEPS; step++) {
  norm.forward(x, { out: y, rstd });
  const loss = lossAndGradient(valuesOf(y), valuesOf(target), valuesOf(dy));

  const { dgamma } = norm.backward(x, dy, { rstd, out: { dx } });
  if (!dgamma) throw new Error('a norm with a gamma has a gradient of it');
  const gradient = /** @type {Float32Array} */ (await dgamma.data());
  dgamma.dispose();
  if (step === 0) checkGradients(gradient);
  if (step % 10 === 0) console.log(`step ${String(step).padStart(2)}: loss ${loss.toExponential(3)}`);

  for (let i = 0; i < DIM; i++) gamma[i] -= LEARNING_RATE * gradient[i];
  norm.update(); // gamma's elements changed: the next forward uploads them
  if (step === 0 || step === STEPS) console.log(`tensors after step ${step}: ${backend.memory().tensors}`);
}

const farthest = gamma.reduce((most, g, i) => Math.max(most, Math.abs(g - wanted[i])), 0);
console.log(`largest difference between gamma and the one that was to be found: ${farthest.toExponential(1)}`);

norm.dispose();
teacher.dispose();
await backend.dispose();

/**
 * Writes d loss / d y into `dy`.
 * @param {Float32Array} y @param {Float32Array} target @param {Float32Array} dy
 */
function lossAndGradient(y, target, dy) {
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    const difference = y[i] - target[i];
    sum += difference ** 2;
    dy[i] = (2 * difference) / y.length;
  }
  return sum / y.length;
}

/** Compares dgamma and dx with their formulas in float64. @param {Float32Array} dgamma */
function checkGradients(dgamma) {
  const [xs, dys, dxs] = [valuesOf(x), valuesOf(dy), valuesOf(dx)];
  const exact = new Float64Array(DIM);
  let dxError = 0;
  for (let start = 0; start < xs.length; start += DIM) {
    let [squares, products] = [0, 0];
    for (let i = start; i < start + DIM; i++) {
      squares += xs[i] ** 2;
      products += xs[i] * dys[i] * gamma[i - start];
    }
    const r = 1 / Math.sqrt(squares / DIM + EPS);
    for (let i = start; i < start + DIM; i++) {
      exact[i - start] += dys[i] * xs[i] * r;
      const exactDx = r * dys[i] * gamma[i - start] - (xs[i] * r ** 3 * products) / DIM;
      dxError = Math.max(dxError, Math.abs(dxs[i] - exactDx));
    }
  }
  const dgammaError = exact.reduce((most, g, i) => Math.max(most, Math.abs(dgamma[i] - g)), 0);
  console.log(`dgamma: largest ${largest(dgamma)}, largest error ${dgammaError.toExponential(1)}`);
  console.log(`dx: largest ${largest(dxs)}, largest error ${dxError.toExponential(1)}`);
}

/** @param {Float32Array} values */
function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0).toExponential(1);
}

/**
 * The tensor's own memory. Take it again after anything was allocated: a memory that grew leaves old views empty.
 * @param {Tensor} tensor
 */
function valuesOf(tensor) {
  return /** @type {Float32Array} */ (tensor.view?.());
}

/** Numbers between -limit and limit, the same in every run. @param {number} length @param {number} limit */
function randomArray(length, limit) {
  return Float32Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed / 2 ** 31 - 1) * limit;
  });
}
