// A backend of your own: a driver with memory and kernels, which `createBackend` turns into a backend, and the conformance
// suite, which proves it. Then the same driver with a bug that is easily made, and what the suite has to say of it.
//
//     npm install @rmsnorm/core @rmsnorm/conformance
//     node write-a-backend.mjs
//
// The file exports the backend, so the command line can verify it too: npx rmsnorm-conformance ./write-a-backend.mjs
// A driver with every feature of forward, in 45 lines, is in the project's README.

import { fileURLToPath } from 'node:url';
import { runConformance } from '@rmsnorm/conformance';
import { createBackend } from '@rmsnorm/core';

/** @import { AddForwardIO, BackendProvider, Driver, ForwardIO, Problem, Supports } from '@rmsnorm/core' */

/**
 * In plain JavaScript. A driver never sees a shape or an unchecked value. This one declares neither groups nor
 * channels-first, so it is given contiguous rows of `size` features.
 * @implements {Driver<Float32Array>}
 */
class PlainDriver {
  name = 'plain';
  device = 'plain JavaScript';
  /**
   * What is declared here must work, and all else must be refused: the suite checks both. A first kernel may do little.
   * @type {Supports}
   */
  supports = {
    ops: ['forward', 'addForward'],
    dtypes: ['float32'],
    accuracy: 'ieee',
    features: ['rstd'],
    promises: ['extremes', 'nonFinite', 'subnormals', 'invariance'],
  };

  /** @param {number} bytes */
  alloc(bytes) {
    return new Float32Array(bytes / 4);
  }

  free() {} // the garbage collector's work here

  /** @param {Float32Array} buffer @param {Uint8Array} bytes */
  write(buffer, bytes) {
    new Uint8Array(buffer.buffer).set(bytes);
  }

  /** @param {Float32Array} buffer @param {Uint8Array} into */
  async read(buffer, into) {
    into.set(new Uint8Array(buffer.buffer, 0, into.length));
  }

  /** @param {Problem} problem @param {ForwardIO<Float32Array>} io */
  forward({ outer, size, eps, alpha }, { x, gamma, y, rstd }) {
    for (let row = 0; row < outer; row++) {
      const start = row * size;
      const r = 1 / Math.sqrt(this.sumOfSquares(x.subarray(start, start + size)) / size + eps);
      for (let i = 0; i < size; i++) {
        const value = x[start + i];
        // A row of zeros with eps = 0: the denominator is 0, and zeros stay zeros.
        const normed = value === 0 && r === Infinity ? value : value * alpha * r;
        y[start + i] = gamma ? normed * gamma[i] : normed;
      }
      if (rstd) rstd[row] = r;
    }
  }

  /**
   * `sum` may be the memory of x or residual, and so may y, so that all sums are written before the first y.
   * @param {Problem} problem @param {AddForwardIO<Float32Array>} io
   */
  addForward(problem, io) {
    for (let i = 0; i < io.x.length; i++) io.sum[i] = io.x[i] + io.residual[i];
    this.forward(problem, { ...io, x: io.sum });
  }

  /** In float64, as all of JavaScript's numbers are. @param {Float32Array} row */
  sumOfSquares(row) {
    let sum = 0;
    for (const value of row) sum += value * value;
    return sum;
  }

  dispose() {}
}

/** The bug: one accumulator in float32, whose error grows with the row. */
class Float32SumDriver extends PlainDriver {
  /** @override @param {Float32Array} row */
  sumOfSquares(row) {
    let sum = 0;
    for (const value of row) sum = Math.fround(sum + Math.fround(value * value));
    return sum;
  }
}

/**
 * What a backend's package exports. It may be asked for several backends.
 * @param {new () => Driver<Float32Array>} DriverClass
 * @returns {BackendProvider}
 */
function providerOf(DriverClass) {
  return {
    name: 'plain',
    apiVersion: 1,
    probe: async () => ({ ok: true, device: 'plain JavaScript' }),
    create: async ({ signal } = {}) => {
      if (signal?.aborted) throw signal.reason;
      return createBackend(new DriverClass());
    },
  };
}

export default () => providerOf(PlainDriver);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log('The driver, against the whole suite:');
  await verify(PlainDriver, '');
  console.log('\nWith the bug, against the cases about sums:');
  await verify(Float32SumDriver, 'forward/sums');
}

/**
 * Runs the cases whose ids contain `filter`. A case is skipped where it needs what the driver does not declare.
 * @param {new () => Driver<Float32Array>} DriverClass @param {string} filter
 */
async function verify(DriverClass, filter) {
  const { passed, failed, skipped, results } = await runConformance(providerOf(DriverClass), { filter });
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  const failure = results.find(({ status }) => status === 'fail');
  if (failure) console.log(`the first failure: ${failure.id}\n${failure.message}`);
}
