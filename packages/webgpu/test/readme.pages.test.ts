import { fileURLToPath } from 'node:url';
import { onnxModel } from '@rmsnorm/onnx-model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumPath, howToGetChromium } from '../../../.ci/chromium.ts';
import { lacking } from '../../../.ci/requirements.ts';
import { readme } from './readme.ts';
import { HEAD, type Site, siteOf } from './site.ts';

const { codeUnder } = readme;
const here = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = [
  ...['core', 'wasm'].map((name) => `@rmsnorm/${name}`),
  ...['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu', 'onnxruntime-web'],
];

const [inWorker, inPage] = codeUnder('A worker') as [string, string];

/** Where a device takes long the message is there before it. */
const SLOW = `
const requestAdapter = navigator.gpu.requestAdapter.bind(navigator.gpu);
navigator.gpu.requestAdapter = async (options) => {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return requestAdapter(options);
};
`;

const [withImport, withoutImport] = codeUnder('Vite, and every other bundler') as [string, string];

const NORM = `
import { RMSNorm } from '@rmsnorm/core';
const norm = new RMSNorm({ dim: 8, axis: -1 });`;

/** Of a backend that was picked. */
const PICKED = `
import { RMSNorm as Norm } from '@rmsnorm/core';
const y = new Norm(2).forward(backend.tensor([3, 4], [1, 2]));
globalThis.result = { backend: backend.name, y: [...(await y.data())] };`;

/** The README's own lines; around them what they leave open, and what their result is. */
const PAGES: Readonly<Record<string, string>> = {
  vite: `${withImport}${PICKED}`,

  static: `${withoutImport}${PICKED}`,

  worker: `${inPage}
worker.addEventListener('message', ({ data }) => {
  globalThis.result = { length: data.length, y: [data[0], data[8 * 4096 - 1]] };
});`,

  onnxruntime: `${NORM}
const model = '/model.onnx';
const feeds = { x: new ort.Tensor('float32', new Float32Array(16).fill(3), [2, 8]) };
${codeUnder('With ONNX Runtime Web')[0]}
const numbers = async (tensor) => {
  const wrapped = backend.wrap(tensor.gpuBuffer, tensor.dims);
  const values = [...(await wrapped.data())];
  wrapped.dispose();
  return values;
};
globalThis.result = { dims: input.dims, next: await numbers(next), tensors: backend.memory().tensors };`,

  tfjs: `${NORM}
await tf.setBackend('webgpu');
${codeUnder('With TensorFlow.js')[0]}
const threes = new Float32Array(16).fill(3);
const computed = () => tf.tidy(() => tf.add(tf.fill([2, 8], 1), 2));
const outcome = async (made) => {
  const y = normalize(made);
  const values = [...(await tf.neg(y).data())];
  for (const tensor of [made, y]) tensor.dispose();
  return values;
};
const fresh = await outcome(tf.tensor(threes, [2, 8]));
const late = await outcome(computed());
const memory = () => ({ bytes: tf.memory().numBytesInGPU, ours: backend.memory() });
const before = memory();
for (let i = 0; i < 10; i++) {
  for (const made of [tf.tensor(threes, [2, 8]), computed()]) tf.dispose([normalize(made), made]);
}
globalThis.result = { fresh, late, before, after: memory() };`,
};

/** One node that doubles: what a session makes of `x` is `hidden`. */
const MODEL = onnxModel(
  {
    nodes: [{ op: 'Add', inputs: ['x', 'x'], output: 'hidden', attributes: {} }],
    inputs: [{ name: 'x', type: 'float32', dims: [2, 8] }],
    outputs: [{ name: 'hidden', type: 'float32', dims: [2, 8] }],
    initializers: [],
  },
  17,
);

let site: Site;

beforeAll(async () => {
  if (!chromiumPath) return;
  site = await siteOf({
    packages: {
      '@rmsnorm/webgpu': here,
      ...Object.fromEntries(PACKAGES.map((name) => [name, `${here}node_modules/${name}`])),
    },
    pages: PAGES,
    sources: { 'worker.ts': SLOW + inWorker },
    plain: { 'script-tag.html': `${HEAD}${codeUnder('A page without a bundler')[0]}`, 'model.onnx': MODEL },
  });
});

afterAll(() => site?.close());

/** Numbers that are all close to one. */
const all = (length: number, value: number): unknown[] => new Array(length).fill(expect.closeTo(value, 5));

const NORMALIZED = [expect.closeTo(3 / Math.sqrt(12.5), 5), expect.closeTo(4 / Math.sqrt(12.5), 5)];

test('a page with a script tag and an import map, without a bundler', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const text = await site.resultOf('script-tag', () => document.body.textContent?.trim());
  expect(String(text).split(',').map(Number)).toEqual(NORMALIZED);
});

test.for(['vite', 'static'])(
  '%s: a software adapter is refused, and WebAssembly takes over',
  async (page, { skip }) => {
    if (!chromiumPath) return lacking(skip, howToGetChromium);
    expect(await site.resultOf(page)).toEqual({ backend: 'wasm', y: NORMALIZED });
  },
);

test('a worker', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await site.resultOf('worker')).toEqual({ length: 8 * 4096, y: all(2, 1) });
});

test('a device shared with ONNX Runtime Web, tensors in and out without a copy, and none left', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  // What is left is gamma, uploaded.
  expect(await site.resultOf('onnxruntime')).toEqual({ dims: [2, 8], next: all(16, 2), tensors: 1 });
});

test('a device shared with TensorFlow.js, of fresh tensors too, and none left', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const result = (await site.resultOf('tfjs')) as Record<string, unknown>;
  expect(result).toMatchObject({ fresh: all(16, -1), late: all(16, -1) });
  expect(result.after).toEqual(result.before);
});
