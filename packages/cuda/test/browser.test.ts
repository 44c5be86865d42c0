import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const PROGRAM = `
  import { pickBackend } from '@rmsnorm/core';
  import { cuda } from '@rmsnorm/cuda';
  console.log(JSON.stringify(await cuda().probe()));
  try { cuda({ dev: 1 }); } catch (error) { console.log(error.code); }
  await cuda({ device: 'emulated' }).create().catch((error) => console.log(error.code));
  await pickBackend([cuda()]).catch((error) => console.log(error.message.split('\\n')[1]));`;

test("with the condition 'browser' there is a stub that says why", () => {
  const run = spawnSync(process.execPath, ['--conditions', 'browser', '--input-type=module', '--eval', PROGRAM], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  const [probe, ...codes] = run.stdout.trim().split('\n');
  expect(JSON.parse(probe!)).toEqual({
    ok: false,
    code: 'WRONG_RUNTIME',
    reason: expect.stringContaining('no native addons'),
    hint: expect.stringMatching(/Node 20\.19.*@rmsnorm\/webgpu/),
  });
  expect(codes).toEqual(['INVALID_OPTION', 'WRONG_RUNTIME', expect.stringMatching(/^ {2}cuda {2}WRONG_RUNTIME {2}/)]);
});

test("a page's bundle has the stub alone, and nothing of Node", async () => {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry: 'test/fixtures/page.ts', formats: ['es'], fileName: 'page' },
      rolldownOptions: { external: [/^@rmsnorm\/core/] },
    },
  });
  const [chunk] = [built].flat().flatMap((result) => ('output' in result ? result.output : []));
  const code = chunk?.type === 'chunk' ? chunk.code : '';
  expect(code).toContain('WRONG_RUNTIME');
  expect(code).not.toMatch(/createRequire|getBuiltinModule|process|NO_BINARY|node:/);
});

/** The modules that an entry imports, and the packages. */
async function importsOf(entry: string, seen: Set<string> = new Set()): Promise<Set<string>> {
  seen.add(entry);
  for (const [, specifier] of (await readFile(entry, 'utf8')).matchAll(/from '([^']+)'/g)) {
    const target = specifier!.startsWith('.') ? join(dirname(entry), specifier!) : specifier!;
    if (isAbsolute(target) && !seen.has(target)) await importsOf(target, seen);
    seen.add(target);
  }
  return seen;
}

test('the package imports core and its own modules; the stub core alone, as pages without a bundler map it', async () => {
  const packages = async (file: string): Promise<string[]> =>
    [...(await importsOf(join(root, 'dist', file)))].filter((name) => !isAbsolute(name)).sort();
  expect(await packages('browser.js')).toEqual(['@rmsnorm/core']);
  expect(await packages('index.js')).toEqual(['@rmsnorm/core', '@rmsnorm/core/driver']);
});
