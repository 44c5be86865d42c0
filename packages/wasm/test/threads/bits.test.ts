import { type Backend, type FloatDType, RMSNorm, type RMSNormOptions, type Tensor } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MODULE_BYTES } from '../../src/kernels.ts';
import { cutEverything } from './cut-everything.ts';

let one: Backend;
let two: Backend;
let three: Backend;
beforeAll(async () => {
  one = await wasm().create();
  two = await wasm({ threads: threads(2) }).create();
  three = await cutEverything(3).create();
});
afterAll(() => Promise.all([one, two, three].map((backend) => backend.dispose())));

interface Call {
  readonly dtype: FloatDType;
  /** Its axis 1 is normalized. */
  readonly shape: readonly number[];
  readonly options: Omit<RMSNormOptions, 'dim'>;
  readonly seed: number;
}

/** Bits of all sorts: of each exponent as many, a few NaN and infinities among them. */
function bitsOf(count: number, dtype: FloatDType, seed: number): Float32Array | Uint16Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  if (dtype !== 'float32') return Uint16Array.from({ length: count }, () => next() >>> 16);
  const extreme = next() % 4 === 0;
  const words = Uint32Array.from({ length: count }, () =>
    extreme ? next() : ((next() & 0x807f_ffff) | ((120 + (next() >>> 28)) << 23)) >>> 0,
  );
  return new Float32Array(words.buffer);
}

/**
 * The bytes of a tensor, every NaN the same: which of two operands' NaN a sum is depends on how the engine compiled it.
 */
async function bytesOf(tensor: Tensor): Promise<Buffer> {
  const data = await tensor.data();
  if (data instanceof Float32Array) {
    for (const [i, value] of data.entries()) if (Number.isNaN(value)) data[i] = Number.NaN;
  } else if (data instanceof Uint16Array) {
    const infinity = tensor.dtype === 'float16' ? 0x7c00 : 0x7f80;
    for (const [i, bits] of data.entries()) if ((bits & 0x7fff) > infinity) data[i] = 0x7fff;
  }
  return Buffer.from(data.buffer);
}

/** Every output of every operation that is cut, as bytes. */
async function outputsOf(backend: Backend, { dtype, shape, options, seed }: Call): Promise<Record<string, Buffer>> {
  const count = shape.reduce((product, length) => product * length, 1);
  const norm = new RMSNorm({ ...options, dim: shape[1]!, axis: 1 });
  const features = (tensor: RMSNorm['gamma'], offset: number): void => {
    (tensor?.data as Float32Array | undefined)?.forEach((_, i, data) => {
      data[i] = Math.sin(i + offset);
    });
  };
  features(norm.gamma, seed);
  features(norm.beta, seed + 0.5);
  const [x, other] = [1, 2].map((n) => backend.tensor(bitsOf(count, dtype, seed + n), shape, dtype)) as [
    Tensor,
    Tensor,
  ];
  const inner = shape.slice(2).reduce((product, length) => product * length, 1);
  const rstd = (): Tensor => backend.empty([shape[0]!, options.groups ?? 1, inner]);
  const rstds = [rstd(), rstd(), rstd()] as const;
  const whole = (options.partial ?? 1) === 1;
  const sums = whole ? norm.sumSquares(x) : null;
  const { y: added, sum } = norm.addForward(x, other, { rstd: rstds[1] });
  const { q, scales } = norm.forwardQuantized(x);
  const tensors: Record<string, Tensor> = {
    y: norm.forward(x, { rstd: rstds[0] }),
    rstd: rstds[0],
    added,
    sum,
    addedRstd: rstds[1],
    gated: norm.gatedForward(x, other, { rstd: rstds[2] }),
    gatedRstd: rstds[2],
    ...(sums && { sums, scaled: norm.scaleBy(x, sums, shape[1]! / (options.groups ?? 1)) }),
    q,
    scales,
    qFixed: norm.forwardQuantized(x, { scale: 0.01 }).q,
  };
  const bytes: Record<string, Buffer> = {};
  for (const [name, tensor] of Object.entries(tensors)) bytes[name] = await bytesOf(tensor);
  norm.forward(x, x);
  bytes.inPlace = await bytesOf(x);
  for (const tensor of [x, other, ...Object.values(tensors)]) tensor.dispose();
  norm.dispose();
  return bytes;
}

async function expectEqualBits(call: Call, backends: readonly Backend[]): Promise<void> {
  const expected = await outputsOf(one, call);
  for (const backend of backends) {
    const found = await outputsOf(backend, call);
    for (const name of Object.keys(expected)) {
      expect(Buffer.compare(found[name]!, expected[name]!), `${name} on ${backend.device}`).toBe(0);
    }
  }
}

const options: fc.Arbitrary<Call['options']> = fc
  .record({
    groups: fc.constantFrom(1, 1, 2, 3, 5),
    partial: fc.constantFrom(1, 1, 0.6),
    bias: fc.boolean(),
    weightOffset: fc.constantFrom(0, 1, 0.3),
    casting: fc.constantFrom('gemma' as const, 'llama' as const),
    epsMode: fc.constantFrom('add' as const, 'add' as const, 'clamp' as const),
    normBeforeGate: fc.boolean(),
  })
  .map((each) => (each.epsMode === 'clamp' ? { ...each, partial: 1 } : each));

const calls: fc.Arbitrary<Call> = fc
  .record({
    dtype: fc.constantFrom<FloatDType>('float32', 'float16', 'bfloat16'),
    outer: fc.integer({ min: 1, max: 9 }),
    size: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(127, 128, 1000, 2049)),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 })),
    options,
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
  })
  .map(({ dtype, outer, size, inner, options, seed }) => ({
    dtype,
    shape: [outer, size * options.groups!, inner],
    options,
    seed,
  }));

test('whatever is called, three threads give the bits of one', async () => {
  await fc.assert(
    fc.asyncProperty(calls, (call) => expectEqualBits(call, [three])),
    { numRuns: 300 },
  );
}, 120_000);

const LARGE: readonly (readonly [FloatDType, readonly number[], Call['options']])[] = [
  ['float32', [64, 1024], {}],
  ['float32', [1000, 64], { bias: true }],
  ['float32', [3, 16384], { weightOffset: 1 }],
  ['float32', [2, 512, 16, 16], { groups: 4 }],
  ['float32', [1, 512, 400], {}],
  ['float32', [1, 3 * 70_000], { groups: 3, weightOffset: 1 }],
  ['float32', [1, 40, 4097], { groups: 2 }],
  ['float32', [1, 7, 40_001], { casting: 'llama' }],
  ['bfloat16', [1, 9, 12_345], { casting: 'llama', bias: true }],
  ['float16', [33, 4099], { bias: true, casting: 'llama' }],
  ['float16', [1, 600, 300], { groups: 3, partial: 0.5 }],
  ['bfloat16', [5000, 33], { epsMode: 'clamp' }],
];

test.each(LARGE)('%s of %j, %o: two threads give the bits of one', async (dtype, shape, options) => {
  for (const seed of [1, 2, 3]) await expectEqualBits({ dtype, shape, options, seed }, [two, three]);
});

test('calls one after another do not run into each other', async () => {
  const norms = [64, 1024, 4096].map((dim) => new RMSNorm({ dim, axis: -1 }));
  const data = bitsOf(2 ** 16, 'float32', 9) as Float32Array;
  const results = await Promise.all(
    [one, two, three].map(async (backend) => {
      const shapes = norms.map((norm) => [2 ** 16 / norm.gamma!.data.length, norm.gamma!.data.length]);
      const tensors = shapes.map((shape) => [backend.tensor(data, shape), backend.empty(shape)] as const);
      for (let i = 0; i < 60; i++) {
        for (const [n, [x, y]] of tensors.entries()) norms[n]!.forward(i % 2 ? y : x, y);
      }
      return Promise.all(tensors.map(([, y]) => bytesOf(y)));
    }),
  );
  for (const found of results.slice(1)) expect(found).toEqual(results[0]);
});

test('kernels that run in several threads write to no memory of the module itself', async () => {
  const backend = await wasm().create();
  const { memory } = backend.empty([1]).buffer as unknown as { memory: WebAssembly.Memory };
  const own = (): Uint8Array => new Uint8Array(memory.buffer, 0, MODULE_BYTES).slice();
  const before = own();
  for (const [dtype, shape, options] of LARGE) await outputsOf(backend, { dtype, shape, options, seed: 1 });
  await fc.assert(
    fc.asyncProperty(calls, async (call) => {
      await outputsOf(backend, call);
      expect(own()).toEqual(before);
    }),
    { numRuns: 50 },
  );
  expect(own()).toEqual(before);
});
