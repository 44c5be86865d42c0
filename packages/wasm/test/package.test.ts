import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** Bytes of the package alone as a page loads it: bundled and minified by Vite, and gzipped. */
async function loaded(): Promise<number> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: `${dist}index.js`, preserveEntrySignatures: 'strict', external: ['@rmsnorm/core'] },
    },
  });
  const chunks = [built].flat().flatMap((result) => ('output' in result ? result.output : []));
  const entry = chunks.find((chunk) => chunk.type === 'chunk' && chunk.isEntry);
  if (entry?.type !== 'chunk') throw new Error('Vite built no entry');
  return gzipSync(entry.code, { level: 9 }).length;
}

test('what an application loads, the module inlined, is below 20 KB gzipped', async () => {
  expect(await loaded()).toBeLessThan(20 * 1024);
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
