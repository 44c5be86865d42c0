// A short run for compute-sanitizer: every kernel, on a few rows. Says which kernels it did not reach.

import { RMSNorm } from '@rmsnorm/core';
import { native, providerOn } from './built.mjs';

const given = process.argv[2];
const device = /^\d+$/.test(given) ? Number(given) : given;

const reached = new Set();
let calls = 0;

/** What the choice of kernels depends on, as far as these calls do. */
const LIMITS = { major: 9, minor: 0, multiprocessors: 132, sharedPerBlock: 232448, clusterBlocks: 8 };

/** The addon, with the kernels of each call noted. */
const noting = {
  fields: native.fields,
  probe: native.probe,
  open(options) {
    const backend = native.open(options);
    return {
      ...backend,
      launch(call) {
        calls++;
        for (const { kernel } of native.plan(call, LIMITS)) reached.add(kernel);
        backend.launch(call);
      },
    };
  },
};

const backend = await providerOn(device, noting).create();
const DTYPES = ['float32', 'float16', 'bfloat16'];
/** [outer, size, inner]: a size for each kind of team, with and without rest; a row for each kind of column. */
const SMALL = [...[7, 255, 1000, 4096].map((size) => [3, size, 1]), [3, 33, 5], [2, 70, 64]];
const WIDE = [...[64, 7001, 20000, 70001].map((size) => [3, size, 1]), [1, 940_001, 1]];
const SHAPES = typeof device === 'string' ? SMALL : [...SMALL, ...WIDE];

const numbers = (count) => Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 50 - 1 + (i % 2) / 4);

function everyCall(shape, dtype) {
  const [outer, size, inner] = shape;
  const dims = inner > 1 ? [outer, size, inner] : [outer, size];
  const norm = new RMSNorm({ dim: size, axis: 1, bias: true });
  backend.tidy(() => {
    const count = outer * size * inner;
    const [x, other] = [0, 1].map(() => backend.tensor(numbers(count), dims, dtype));
    norm.forward(x, { rstd: backend.empty([outer, 1, inner], 'float32') });
    norm.addForward(x, other);
    norm.gatedForward(x, other);
    norm.backward(x, other, { dsum: other });
    norm.forwardQuantized(x);
    norm.scaleBy(x, norm.sumSquares(x), size);
  });
  norm.dispose();
}

for (const shape of SHAPES) for (const dtype of DTYPES) everyCall(shape, dtype);
const last = backend.tensor(numbers(64), [1, 64]);
await last.data();
await backend.dispose();
const left = native.kernels.filter((name) => !reached.has(name));
const more = left.length > 6 ? ` and ${left.length - 6} more` : '';
const rest = left.length > 0 ? `; not reached: ${left.slice(0, 6).join(', ')}${more}` : '';
console.log(`short run: ${calls} calls, ${reached.size} of ${native.kernels.length} kernels${rest}`);
