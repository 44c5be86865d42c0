import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** Bytes that the files of dist with this ending take, compressed together. */
async function compressed(ending: string): Promise<number> {
  const names = await readdir(dist, { recursive: true });
  const files = names.filter((name) => name.endsWith(ending)).sort();
  expect(files.length).toBeGreaterThan(0);
  const contents = await Promise.all(files.map((name) => readFile(dist + name)));
  return gzipSync(Buffer.concat(contents), { level: 9 }).length;
}

test('what an application loads, the module inlined, is below 20 KB gzipped', async () => {
  expect(await compressed('.js')).toBeLessThan(20 * 1024);
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
    expect(code).not.toMatch(/\b(window|document|Buffer|process|require|eval|Function|Blob|atob|fetch)\b\s*[.(]/);
  }
});
