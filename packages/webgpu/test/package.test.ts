import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundledSize, claimedSize } from '../../wasm/test/bundled-size.ts';
import { readme } from './readme.ts';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

/** The files of dist with this ending, without comments. */
async function built(ending: string): Promise<string[]> {
  const names = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith(ending));
  expect(names.length).toBeGreaterThan(10);
  const contents = await Promise.all(names.map((name) => readFile(dist + name, 'utf8')));
  return contents.map(withoutComments);
}

test('imports nothing but core, and names nothing that only Node, or only a page, has', async () => {
  for (const code of await built('.js')) {
    const imported = [...code.matchAll(/^(?:import|export) .*from '([^']+)'/gm)].map((match) => match[1]!);
    for (const specifier of imported) expect(specifier).toMatch(/^(\.{1,2}\/|@rmsnorm\/core$)/);
    expect(code).not.toMatch(/\b(window|document|Buffer|require|eval|Function|Blob|fetch)\b\s*[.(]/);
  }
});

test('what an application loads is as small as the README says', async () => {
  const { entry, later } = await bundledSize(dist);
  expect(Math.abs(entry - claimedSize(readme.text))).toBeLessThan(512);
  expect(later).toBe(0);
});

/** The declarations that a user's compiler reads: index.d.ts, and what that imports, without comments. */
async function declarations(name = 'index.d.ts', seen: Map<string, string> = new Map()): Promise<Map<string, string>> {
  const types = withoutComments(await readFile(join(dist, name), 'utf8'));
  seen.set(name, types);
  for (const [, specifier] of types.matchAll(/from '(\.{1,2}\/[^']+)\.[jt]s'/g)) {
    const imported = join(dirname(name), `${specifier}.d.ts`);
    if (!seen.has(imported)) await declarations(imported, seen);
  }
  return seen;
}

test("types that a user sees name none of WebGPU's own, which belong to lib.dom or @webgpu/types", async () => {
  const types = await declarations();
  expect([...types.keys()]).toContain('provider.d.ts');
  for (const text of types.values()) {
    // 'GPUBuffer' is asked for, as a name that there may be: src/tensor.ts.
    const names = [...text.matchAll(/\bGPU[A-Z]\w*\b|\bGPU\b/g)].map(([name]) => name);
    expect(names.filter((name) => !/Like$|^GPUObject$|^GPUBufferPart$|^GPUBuffer$/.test(name))).toEqual([]);
  }
});

test('its types hold in a strict project without the DOM and @webgpu/types, which checks its libraries too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rmsnorm-webgpu-types-'));
  try {
    const code = `
import { type GPUDeviceLike, type WebGPUBackend, webgpu } from '${dist.replaceAll('\\', '/')}index.js';
declare const device: GPUDeviceLike;
export const backend: WebGPUBackend = await webgpu({ device }).create();
// @ts-expect-error: software is true or false
webgpu({ software: 'yes' });
`;
    const compilerOptions = {
      ...{ strict: true, noEmit: true, skipLibCheck: false, types: [] },
      ...{ module: 'nodenext', target: 'es2022', lib: ['es2022', 'esnext.disposable'] },
    };
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'user.ts'), code);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
    const tsc = join(dist, '../../../node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  } finally {
    await rm(folder, { recursive: true });
  }
});
