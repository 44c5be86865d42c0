import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

interface Sizes {
  readonly entry: number;
  /** What threads load: by import(), and as their workers. */
  readonly later: number;
}

/**
 * Bytes of the package alone as a page loads it: bundled and minified by Vite, without its own loader of chunks, and
 * gzipped.
 */
async function sizes(): Promise<Sizes> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      ssr: true,
      minify: true,
      rolldownOptions: { input: `${dist}index.js`, preserveEntrySignatures: 'strict', external: ['@rmsnorm/core'] },
    },
  });
  const chunks = [built]
    .flat()
    .flatMap((result) => ('output' in result ? result.output : []))
    .filter((chunk) => chunk.type === 'chunk');
  const first = new Set(chunks.filter(({ isEntry }) => isEntry));
  // A set goes on with what is added to it meanwhile.
  for (const { imports } of first) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) first.add(chunk);
  }
  const sum = (parts: typeof chunks): number =>
    parts.reduce((total, { code }) => total + gzipSync(code, { level: 9 }).length, 0);
  const worker = gzipSync(await readFile(`${dist}generated/worker.js`), { level: 9 }).length;
  return { entry: sum([...first]), later: sum(chunks.filter((chunk) => !first.has(chunk))) + worker };
}

test('what an application loads, the module inlined, is below 21 KB gzipped, and what threads need beside it below 6', async () => {
  const { entry, later } = await sizes();
  expect(entry).toBeGreaterThan(10 * 1024);
  expect(entry).toBeLessThan(21 * 1024);
  expect(later).toBeGreaterThan(1024);
  expect(later).toBeLessThan(6 * 1024);
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
