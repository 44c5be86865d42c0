import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundledSize, claimedSize } from './bundled-size.ts';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('what an application loads is as small as the README says, the module inlined, and below 21 KB', async () => {
  const { entry } = await bundledSize(dist);
  expect(entry).toBeGreaterThan(10 * 1024);
  expect(entry).toBeLessThan(21 * 1024);
  expect(Math.abs(entry - claimedSize(readme))).toBeLessThan(103);
});

test('what threads need beside it is below 6 KB, the workers a file of 2 KB of that', async () => {
  const { later } = await bundledSize(dist);
  const worker = await readFile(`${dist}generated/worker.js`);
  const all = later + gzipSync(worker, { level: 9 }).length;
  expect(all).toBeGreaterThan(1024);
  expect(all).toBeLessThan(6 * 1024);
  expect(readme).toContain("The workers' script is a file of 2 KB");
  expect(Math.abs(worker.length - 2048)).toBeLessThan(103);
});

test('the inlined module is the raw file', async () => {
  const raw = await readFile(`${dist}rmsnorm.wasm`);
  const { WASM_TEXT } = await import(`${dist}generated/wasm-text.js`);
  const { decodeText } = await import(`${dist}decode-text.js`);
  expect(Buffer.from(decodeText(WASM_TEXT)).equals(raw)).toBe(true);
});

test('imports nothing but core, and names nothing that only Node, or only a page, has', async () => {
  for (const name of await readdir(dist, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const code = (await readFile(dist + name, 'utf8')).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const imported = [...code.matchAll(/(?:from|import) ?\(?'([^']+)'/g)].map((match) => match[1]!);
    for (const specifier of imported) expect(specifier).toMatch(/^(\.{1,2}\/|@rmsnorm\/core$)/);
    expect(code).not.toMatch(/\b(window|document|Buffer|process|require|eval|Function|atob|fetch|Blob)\b\s*[.(]/);
  }
});
