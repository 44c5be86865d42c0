// A Llama-style decoder, one token after another, in bfloat16.
//
// Each sub-layer's output is added to the residual stream, and the sum is normalized for the next one. `addForward` does
// both in one pass over memory. All tensors are made before the loop, and every call is given its outputs, so the loop
// allocates nothing.
//
//     npm install @rmsnorm/core @rmsnorm/wasm
//     node decoding-loop.mjs

import { bfloat16Bits, bfloat16Value, presets, RMSNorm, roundTo } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';

/** @import { Tensor } from '@rmsnorm/core' */

const BLOCKS = 4;
const HIDDEN = 256;
const VOCABULARY = 100;
const TOKENS = 24;
let seed = 1;

const backend = await wasm().create();

const embedding = Uint16Array.from(randomArray(VOCABULARY * HIDDEN, 1), bfloat16Bits);
const head = randomArray(VOCABULARY * HIDDEN, 1);
const subLayers = Array.from({ length: BLOCKS }, () => [
  { norm: llamaNorm(), run: attention() },
  { norm: llamaNorm(), run: feedForward() },
]).flat();
const lastNorm = llamaNorm();

// For one sequence. A batch of N would be [N, HIDDEN]: each row is normalized on its own.
const residual = backend.empty([1, HIDDEN], 'bfloat16');
const delta = backend.empty([1, HIDDEN], 'bfloat16'); // what a sub-layer adds to the residual stream
const normed = backend.empty([1, HIDDEN], 'bfloat16');
const targets = { out: { y: normed, sum: residual } }; // the sum takes the place of the old residual

/** @param {number} token @returns {number} the most likely next token */
function decode(token) {
  bitsOf(residual).fill(0);
  bitsOf(delta).set(embedding.subarray(token * HIDDEN, (token + 1) * HIDDEN));
  for (const { norm, run } of subLayers) {
    norm.addForward(delta, residual, targets); // residual += delta, normed = norm(residual)
    run(bitsOf(normed), bitsOf(delta));
  }
  lastNorm.addForward(delta, residual, targets);
  return indexOfLargest(bitsOf(normed));
}

// The first call of a norm uploads its gamma. From then on memory stays as it is.
const tokens = [decode(0)];
const memoryAtFirst = backend.memory();
while (tokens.length < TOKENS) tokens.push(decode(tokens[tokens.length - 1]));
const memoryAtLast = backend.memory();

console.log(
  `${BLOCKS} blocks of ${HIDDEN} features on ${backend.device}: ${subLayers.length + 1} norms for each token`,
);
console.log(`tokens: ${tokens.join(' ')}`);
console.log(`memory after token 1: ${memoryAtFirst.tensors} tensors, ${memoryAtFirst.bytes} bytes`);
console.log(`memory after token ${TOKENS}: ${memoryAtLast.tensors} tensors, ${memoryAtLast.bytes} bytes`);
checkLastNorm();

for (const { norm } of subLayers) norm.dispose();
lastNorm.dispose();
for (const tensor of [residual, delta, normed]) tensor.dispose();
console.log(`memory after dispose(): ${backend.memory().tensors} tensors, ${backend.memory().bytes} bytes`);
await backend.dispose();

/** `presets.llama` gives the options of Hugging Face's LlamaRMSNorm. A checkpoint's weight is gamma. */
function llamaNorm() {
  const norm = new RMSNorm(presets.llama(HIDDEN, 1e-5));
  norm.loadStateDict({
    weight: { dtype: 'float32', shape: [HIDDEN], data: randomArray(HIDDEN, 0.5).map((g) => 1 + g) },
  });
  return norm;
}

/** Stands for a block's attention: a mean over the tokens so far, then a matrix product. */
function attention() {
  const multiply = matrixProduct();
  const mean = new Float32Array(HIDDEN);
  let seen = 0;
  return (/** @type {Uint16Array} */ from, /** @type {Uint16Array} */ to) => {
    seen++;
    for (let i = 0; i < HIDDEN; i++) mean[i] += (bfloat16Value(from[i]) - mean[i]) / seen;
    multiply(mean, to);
  };
}

/** Stands for a block's MLP. */
function feedForward() {
  const multiply = matrixProduct();
  const input = new Float32Array(HIDDEN);
  return (/** @type {Uint16Array} */ from, /** @type {Uint16Array} */ to) => {
    for (let i = 0; i < HIDDEN; i++) input[i] = bfloat16Value(from[i]);
    multiply(input, to);
  };
}

/** A random matrix that keeps the size of what it multiplies, and writes bfloat16. */
function matrixProduct() {
  const matrix = randomArray(HIDDEN * HIDDEN, Math.sqrt(3 / HIDDEN));
  return (/** @type {Float32Array} */ input, /** @type {Uint16Array} */ to) => {
    for (let row = 0; row < HIDDEN; row++) {
      let sum = 0;
      for (let i = 0; i < HIDDEN; i++) sum += matrix[row * HIDDEN + i] * input[i];
      to[row] = bfloat16Bits(sum);
    }
  };
}

/** @param {Uint16Array} bits */
function indexOfLargest(bits) {
  let [best, largest] = [0, Number.NEGATIVE_INFINITY];
  for (let token = 0; token < VOCABULARY; token++) {
    let logit = 0;
    for (let i = 0; i < HIDDEN; i++) logit += head[token * HIDDEN + i] * bfloat16Value(bits[i]);
    if (logit > largest) [best, largest] = [token, logit];
  }
  return best;
}

/** Calls the last addForward once more, and compares every bit with the formula in float64. */
function checkLastNorm() {
  const gamma = /** @type {Float32Array} */ (lastNorm.gamma?.data);
  const before = Float64Array.from(bitsOf(residual), bfloat16Value);
  const sum = Float64Array.from(bitsOf(delta), (bits, i) => roundTo('bfloat16', before[i] + bfloat16Value(bits)));
  lastNorm.addForward(delta, residual, targets);

  const meanSquare = sum.reduce((total, x) => total + x * x, 0) / HIDDEN;
  const r = 1 / Math.sqrt(meanSquare + lastNorm.options.eps);
  const [sumBits, normedBits] = [bitsOf(residual), bitsOf(normed)];
  const same = sum.filter((x, i) => {
    const y = roundTo('bfloat16', x * r) * gamma[i]; // Llama rounds before it multiplies by gamma
    return sumBits[i] === bfloat16Bits(x) && normedBits[i] === bfloat16Bits(y);
  });
  console.log(`sum and norm have the bits of the formula in float64: ${same.length} of ${HIDDEN} elements`);
}

/**
 * The tensor's own memory, as raw bits. Take it again after anything was allocated: a memory that grew leaves old views
 * empty.
 * @param {Tensor} tensor
 */
function bitsOf(tensor) {
  return /** @type {Uint16Array} */ (tensor.view?.());
}

/** Numbers between -limit and limit, the same in every run. @param {number} length @param {number} limit */
function randomArray(length, limit) {
  return Float32Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed / 2 ** 31 - 1) * limit;
  });
}
