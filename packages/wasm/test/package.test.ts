import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** The files of dist, by name, that are loaded with `entry`: imported by it, or by those, but not by import(). */
async function loadedWith(entry: string): Promise<Map<string, string>> {
  const loaded = new Map<string, string>();
  const load = async (name: string): Promise<void> => {
    if (loaded.has(name)) return;
    const code = await readFile(join(dist, name), 'utf8');
    loaded.set(name, code);
    for (const [, path] of code.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'/gm)) {
      await load(join(dirname(name), path!));
    }
  };
  await load(entry);
  return loaded;
}

function compressed(files: Map<string, string>): number {
  const contents = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, code]) => code);
  return gzipSync(contents.join(''), { level: 9 }).length;
}

test('what an application loads, the module inlined, is below 20 KB gzipped', async () => {
  const files = await loadedWith('index.js');
  expect([...files.keys()]).toContain('generated/wasm-text.js');
  expect(compressed(files)).toBeLessThan(20 * 1024);
});

test('what threads load beside it is below 7 KB gzipped, and not loaded without them', async () => {
  const without = await loadedWith('index.js');
  const beside = await loadedWith('threads/index.js');
  expect([...without.keys()].filter((name) => name.startsWith('threads/'))).toEqual([]);
  for (const name of without.keys()) beside.delete(name);
  expect([...beside.keys()]).toContain('generated/worker-text.js');
  expect(compressed(beside)).toBeLessThan(7 * 1024);
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
    expect(code).not.toMatch(/\b(window|document|Buffer|process|require|eval|Function|atob|fetch)\b\s*[.(]/);
    // A worker of a page has no file of its own.
    if (name !== join('threads', 'start-worker.js')) expect(code).not.toMatch(/\bBlob\b/);
  }
});
