import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bundledSize, claimedSize } from './bundled-size.ts';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const load = (name: string) => import(new URL(`../dist/${name}`, import.meta.url).href);

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('what an application loads is as small as the README says, the module inlined, and below 21 KB', async () => {
  const { entry } = await bundledSize(dist);
  expect(entry).toBeGreaterThan(10 * 1024);
  expect(entry).toBeLessThan(21 * 1024);
  expect(Math.abs(entry - claimedSize(readme))).toBeLessThan(103);
});

test('nothing is loaded later, and threads are an import of their own that adds as much as the README says', async () => {
  const { entry, later } = await bundledSize(dist);
  expect(later).toBe(0);
  // The code of threads has all of the package in it, but for its index.
  const withThreads = await bundledSize(dist, 'threads/index.js');
  expect(withThreads.later).toBe(0);
  const added = withThreads.entry - entry;
  const [, claimed] = /they\s+add\s+([\d.]+) KB/.exec(readme)!;
  expect(Math.abs(added - Number(claimed) * 1024)).toBeLessThan(103);
});

test("the workers' script is the text that threads carry with them", async () => {
  const worker = await readFile(`${dist}generated/worker.js`, 'utf8');
  const { WORKER_TEXT } = await load('generated/worker-text.js');
  expect(`${WORKER_TEXT}\n`).toBe(worker);
  expect(WORKER_TEXT).not.toMatch(/\b(import|export)\b/);
  expect(readme).toContain("The workers' script is a file of 2 KB");
  expect(Math.abs(worker.length - 2048)).toBeLessThan(103);
});

test('the inlined module is the raw file', async () => {
  const raw = await readFile(`${dist}rmsnorm.wasm`);
  const { WASM_TEXT } = await load('generated/wasm-text.js');
  const { decodeText } = await load('decode-text.js');
  expect(Buffer.from(decodeText(WASM_TEXT)).equals(raw)).toBe(true);
});

test('imports nothing but core, and names nothing that only Node, or only a page, has', async () => {
  for (const name of await readdir(dist, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const code = (await readFile(dist + name, 'utf8')).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const imported = [...code.matchAll(/(?:from|import) ?\(?'([^']+)'/g)].map((match) => match[1]!);
    for (const specifier of imported) expect(specifier).toMatch(/^(\.{1,2}\/|@rmsnorm\/core$)/);
    expect(code).not.toMatch(/\b(window|document|Buffer|process|require|eval|Function|atob|fetch)\b\s*[.(]/);
    if (!/^threads[\\/]/.test(name)) expect(code, name).not.toMatch(/\b(Blob|URL|Worker|import\.meta)\b|import\(/);
  }
});
