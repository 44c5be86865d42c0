import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onnxModel } from '@rmsnorm/onnx-model';
import { type Browser, chromium } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumFlags, chromiumPath, howToGetChromium } from '../../../.ci/chromium.ts';
import { lacking } from '../../../.ci/requirements.ts';
import { codeUnder } from './readme.ts';

const PACKAGES = [
  ...['core', 'wasm', 'webgpu'].map((name) => `@rmsnorm/${name}`),
  ...['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu', 'onnxruntime-web'],
];

const [inWorker, inPage] = codeUnder('A worker') as [string, string];

const HEAD = '<!doctype html><link rel="icon" href="data:,">';

const NORM = `
import { RMSNorm } from '@rmsnorm/core';
const norm = new RMSNorm({ dim: 8, axis: -1 });`;

/** The README's own lines; around them what they leave open, and what their result is. */
const PAGES: Readonly<Record<string, string>> = {
  vite: `${codeUnder('Vite, and every other bundler')[0]}
const y = new RMSNorm(2).forward(backend.tensor([3, 4], [1, 2]));
globalThis.result = { backend: backend.name, y: [...(await y.data())] };`,

  worker: `${inPage}
worker.addEventListener('message', ({ data }) => {
  globalThis.result = { length: data.length, y: [data[0], data[8 * 4096 - 1]] };
});`,

  onnxruntime: `${NORM}
const model = '/model.onnx';
const feeds = { x: new ort.Tensor('float32', new Float32Array(16).fill(3), [2, 8]) };
${codeUnder('With ONNX Runtime Web')[0]}
const next = await session.run({ x: input });
const numbers = async (tensor) => [...(await backend.wrap(tensor.gpuBuffer, tensor.dims).data())];
globalThis.result = { hidden: await numbers(hidden), dims: input.dims, next: await numbers(next.hidden) };`,

  tfjs: `${NORM}
await tf.setBackend('webgpu');
const tensor = tf.tidy(() => tf.add(tf.fill([2, 8], 1), 2));
${codeUnder('With TensorFlow.js')[0]}
globalThis.result = { shape: result.shape, y: [...(await tf.neg(result).data())] };`,
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

let site: string;
let server: PreviewServer;
let browser: Browser;

/** A project of a user's: packages in node_modules, and a page for each example. */
beforeAll(async () => {
  if (!chromiumPath) return;
  site = realpathSync(mkdtempSync(join(tmpdir(), 'rmsnorm-readme-')));
  const here = fileURLToPath(new URL('..', import.meta.url));
  for (const name of PACKAGES) {
    const installed = name === '@rmsnorm/webgpu' ? here : join(here, 'node_modules', name);
    mkdirSync(join(site, 'node_modules', dirname(name)), { recursive: true });
    symlinkSync(realpathSync(installed), join(site, 'node_modules', name));
  }
  for (const [name, code] of Object.entries(PAGES)) {
    writeFileSync(join(site, `${name}.js`), code);
    writeFileSync(join(site, `${name}.html`), `${HEAD}<script type="module" src="./${name}.js"></script>`);
  }
  writeFileSync(join(site, 'worker.ts'), inWorker);
  // What Vite leaves as it is.
  mkdirSync(join(site, 'public'));
  writeFileSync(join(site, 'public/script-tag.html'), `${HEAD}${codeUnder('A page without a bundler')[0]}`);
  writeFileSync(join(site, 'public/model.onnx'), MODEL);
  const input = Object.keys(PAGES).map((name) => join(site, `${name}.html`));
  const project = { root: site, configFile: false, logLevel: 'error' } as const;
  await build({ ...project, build: { rolldownOptions: { input } } });
  symlinkSync(join(site, 'node_modules'), join(site, 'dist/node_modules'));
  server = await preview({ ...project, preview: { host: 'localhost', port: 0 } });
  browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (site) rmSync(site, { recursive: true, force: true });
});

/** What `read` gives in the page, once it is something. */
async function resultOf(page: string, read: () => unknown): Promise<unknown> {
  const tab = await browser.newPage();
  const failures: string[] = [];
  tab.on('pageerror', (error) => failures.push(String(error)));
  tab.on('console', (message) => {
    if (message.type() === 'error') failures.push(message.text());
  });
  await tab.goto(`${server.resolvedUrls!.local[0]}${page}.html`);
  const result = await tab.waitForFunction(read, undefined, { timeout: 30_000 }).catch((error) => {
    throw new Error(`the page gave no result: ${failures.join('\n') || error}`);
  });
  expect(failures).toEqual([]);
  const value = await result.jsonValue();
  await tab.close();
  return value;
}

const result = (page: string): Promise<unknown> =>
  resultOf(page, () => (globalThis as unknown as { result: unknown }).result);

/** Numbers that are all close to one. */
const all = (length: number, value: number): unknown[] => new Array(length).fill(expect.closeTo(value, 5));

test('a page with a script tag and an import map, without a bundler', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const text = await resultOf('script-tag', () => document.body.textContent?.trim());
  const numbers = String(text).split(',').map(Number);
  expect(numbers).toEqual([expect.closeTo(3 / Math.sqrt(12.5), 5), expect.closeTo(4 / Math.sqrt(12.5), 5)]);
});

test('Vite: a software adapter is refused, and WebAssembly takes over', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const y = [expect.closeTo(3 / Math.sqrt(12.5), 5), expect.closeTo(4 / Math.sqrt(12.5), 5)];
  expect(await result('vite')).toEqual({ backend: 'wasm', y });
});

test('a worker', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await result('worker')).toEqual({ length: 8 * 4096, y: all(2, 1) });
});

test('a device shared with ONNX Runtime Web, tensors in and out without a copy', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await result('onnxruntime')).toEqual({ hidden: all(16, 6), dims: [2, 8], next: all(16, 2) });
});

test('a device shared with TensorFlow.js, tensors in and out without a copy', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await result('tfjs')).toEqual({ shape: [2, 8], y: all(16, -1) });
});
