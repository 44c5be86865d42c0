import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** The files of dist with this ending, without comments. */
async function built(ending: string): Promise<string[]> {
  const names = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith(ending));
  expect(names.length).toBeGreaterThan(10);
  const contents = await Promise.all(names.map((name) => readFile(dist + name, 'utf8')));
  return contents.map((code) => code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''));
}

test('imports nothing but core, and names nothing that only Node, or only a page, has', async () => {
  for (const code of await built('.js')) {
    const imported = [...code.matchAll(/^(?:import|export) .*from '([^']+)'/gm)].map((match) => match[1]!);
    for (const specifier of imported) expect(specifier).toMatch(/^(\.{1,2}\/|@rmsnorm\/core$)/);
    expect(code).not.toMatch(/\b(window|document|Buffer|require|eval|Function|Blob|fetch)\b\s*[.(]/);
  }
});

test("its types name none of WebGPU's own, which belong to lib.dom or @webgpu/types", async () => {
  for (const types of await built('.d.ts')) {
    const names = [...types.matchAll(/\bGPU[A-Z]\w*\b|\bGPU\b/g)].map(([name]) => name);
    expect(names.filter((name) => !/Like$|^GPUObject$|^GPUBufferPart$/.test(name))).toEqual([]);
  }
});
