// Query/key normalization, as in Qwen3 and Gemma 3: each head's queries and keys are normalized over headDim before
// attention, so that no dot product of them can grow beyond a bound.
//
//     npm install @rmsnorm/core @rmsnorm/wasm
//     node query-key-norm.mjs

import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';

const [BATCH, HEADS, KEY_HEADS, SEQ, HEAD_DIM] = [2, 8, 2, 16, 128]; // four query heads share one key head
const EPS = 1e-6;
let seed = 1;

const backend = await wasm().create();

// One gamma of headDim elements, shared by all heads and positions. Axis -1 normalizes [batch, seq, heads, headDim] too.
const queryNorm = new RMSNorm({ dim: HEAD_DIM, axis: -1, eps: EPS });
const keyNorm = new RMSNorm({ dim: HEAD_DIM, axis: -1, eps: EPS });
const gamma = randomArray(HEAD_DIM, 0.5).map((g) => 1 + g);
queryNorm.gamma = { dtype: 'float32', shape: [HEAD_DIM], data: gamma };

// As a projection with large weights would give them.
const queries = randomArray(BATCH * HEADS * SEQ * HEAD_DIM, 30);
const keys = randomArray(BATCH * KEY_HEADS * SEQ * HEAD_DIM, 30);
const q = backend.tensor(queries, [BATCH, HEADS, SEQ, HEAD_DIM]);
const k = backend.tensor(keys, [BATCH, KEY_HEADS, SEQ, HEAD_DIM]);

queryNorm.forward(q, q); // in place: the output is the input
keyNorm.forward(k, k);
const normedQueries = /** @type {Float32Array} */ (await q.data());
const normedKeys = /** @type {Float32Array} */ (await k.data());

console.log(`q [${q.shape}], k [${k.shape}], normalized in place on ${backend.device}`);
console.log(`RMS of the first key: ${rms(keys).toFixed(3)} before, ${rms(normedKeys).toFixed(3)} after`);
const bound = Math.sqrt(HEAD_DIM) * Math.max(...gamma);
console.log(
  `largest q·k / sqrt(headDim): ${largestLogit(queries, keys).toFixed(1)} before, ${largestLogit(normedQueries, normedKeys).toFixed(1)} after`,
);
console.log(`it can never be above sqrt(headDim) * max(gamma) = ${bound.toFixed(1)}`);
console.log(
  `largest error: ${largestError(normedQueries, queries, gamma).toFixed(2)} ulp of q, by the formula in float64`,
);

queryNorm.dispose();
keyNorm.dispose();
await backend.dispose();

/** Of the first row. @param {Float32Array} rows */
function rms(rows) {
  return Math.sqrt(sumOfSquares(rows.subarray(0, HEAD_DIM)) / HEAD_DIM);
}

/** @param {Float32Array} row */
function sumOfSquares(row) {
  return row.reduce((sum, x) => sum + x * x, 0);
}

/** The largest |q·k| / sqrt(headDim) of a query with any key of its head. @param {Float32Array} qs @param {Float32Array} ks */
function largestLogit(qs, ks) {
  let largest = 0;
  for (let row = 0; row < BATCH * HEADS * SEQ; row++) {
    const [batch, head] = [Math.floor(row / (HEADS * SEQ)), Math.floor(row / SEQ) % HEADS];
    const keyHead = batch * KEY_HEADS + Math.floor((head * KEY_HEADS) / HEADS);
    for (let position = 0; position < SEQ; position++) {
      let dot = 0;
      for (let i = 0; i < HEAD_DIM; i++) dot += qs[row * HEAD_DIM + i] * ks[(keyHead * SEQ + position) * HEAD_DIM + i];
      largest = Math.max(largest, Math.abs(dot) / Math.sqrt(HEAD_DIM));
    }
  }
  return largest;
}

/** In units in the last place of float32. @param {Float32Array} y @param {Float32Array} x @param {Float32Array} weight */
function largestError(y, x, weight) {
  let largest = 0;
  for (let start = 0; start < x.length; start += HEAD_DIM) {
    const r = 1 / Math.sqrt(sumOfSquares(x.subarray(start, start + HEAD_DIM)) / HEAD_DIM + EPS);
    for (let i = 0; i < HEAD_DIM; i++) {
      const exact = x[start + i] * r * weight[i];
      const ulp = 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23);
      if (exact !== 0) largest = Math.max(largest, Math.abs(y[start + i] - exact) / ulp);
    }
  }
  return largest;
}

/** Numbers between -limit and limit, the same in every run. @param {number} length @param {number} limit */
function randomArray(length, limit) {
  return Float32Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed / 2 ** 31 - 1) * limit;
  });
}
