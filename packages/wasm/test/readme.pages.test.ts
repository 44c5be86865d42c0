import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumPath, howToGetChromium } from '../../../.ci/chromium.ts';
import { lacking } from '../../../.ci/requirements.ts';
import { readmeAt } from '../../webgpu/test/readme.ts';
import { HEAD, type Site, siteOf } from '../../webgpu/test/site.ts';

const { codeUnder } = readmeAt(new URL('../README.md', import.meta.url));
const here = fileURLToPath(new URL('..', import.meta.url));

const NORMALIZED = [expect.closeTo(3 / Math.sqrt(12.5), 5), expect.closeTo(4 / Math.sqrt(12.5), 5)];

// The first half, an import that gives a module, is for Cloudflare Workers.
const [, forVite] = codeUnder('Options')[0]!.split('\n\n');

/** On a slow engine messages are there long before a backend is. */
const SLOW = `
const { compile } = WebAssembly;
WebAssembly.compile = async (bytes) => {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return compile(bytes);
};
`;

/** Messages are sent at once, and each must be answered. */
const PAGES = {
  worker: `
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const answers = [];
worker.onmessage = ({ data }) => {
  answers.push(data[data.length - 1]);
  if (answers.length === 5) globalThis.result = { answers, left: sent.map(({ length }) => length) };
};
const sent = [1, 2, 3, 4, 5].map((rows) => new Float32Array(rows * 4096).fill(rows));
for (const rows of sent) worker.postMessage(rows, [rows.buffer]);`,

  static: `${codeUnder('Where import\\(\\) is forbidden')[0]}
import { RMSNorm } from '@rmsnorm/core';
const y = new RMSNorm(2).forward(backend.tensor([3, 4], [1, 2]));
globalThis.result = [...(await y.data())];`,

  module: `
import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
${forVite}
const y = new RMSNorm(2).forward(other.tensor([3, 4], [1, 2]));
globalThis.result = [...(await y.data())];`,
};

let site: Site;

beforeAll(async () => {
  if (!chromiumPath) return;
  site = await siteOf({
    packages: { '@rmsnorm/wasm': here, '@rmsnorm/core': `${here}node_modules/@rmsnorm/core` },
    pages: PAGES,
    sources: { 'worker.ts': `${SLOW}${codeUnder('A worker')[0]}` },
    plain: { 'script-tag.html': `${HEAD}${codeUnder('A page without a bundler')[0]}` },
  });
});

afterAll(() => site?.close());

test('a page with a script tag and an import map, without a bundler', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const text = await site.resultOf('script-tag', () => document.body.textContent?.trim());
  expect(String(text).split(',').map(Number)).toEqual(NORMALIZED);
});

test('a worker answers every message, those too that came before it was ready', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await site.resultOf('worker')).toEqual({
    answers: Array(5).fill(expect.closeTo(1, 5)),
    left: Array(5).fill(0),
  });
});

test('static imports, for where import() is forbidden', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await site.resultOf('static')).toEqual(NORMALIZED);
});

test('a module that Vite serves as a file', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  expect(await site.resultOf('module')).toEqual(NORMALIZED);
});
