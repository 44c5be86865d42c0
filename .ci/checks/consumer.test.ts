import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumFlags, chromiumPath, howToGetChromium } from '../chromium.ts';
import { packAll, temporaryFolder } from '../packed.ts';
import { lacking } from '../requirements.ts';
import { npm, run, runToSuccess, tool } from '../run-program.ts';
import { packDependenciesOfOthers } from '../third-party.ts';
import { root } from '../workspace.ts';

// A project of a user's, outside the workspace: npm, the packed tarballs, and the README's lines.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let quickStart: string;
const [command, ...args] = npm;

beforeAll(async () => {
  folder = await temporaryFolder('consumer');
  const [ours, others] = await Promise.all([packAll(folder.dir), packDependenciesOfOthers(folder.dir)]);
  const dependencies = Object.fromEntries([
    ...ours.map(({ pkg, path }) => [pkg.manifest.name, `file:${path}`]),
    ...[...others].map(([name, path]) => [name, `file:${path}`]),
  ]);
  await writeFile(
    join(folder.dir, 'package.json'),
    JSON.stringify({ name: 'consumer', type: 'module', private: true, dependencies }),
  );
  await runToSuccess(command, [...args, 'install', '--offline', '--no-audit', '--no-fund'], { cwd: folder.dir });

  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, code] = /^## Quick start$[\s\S]*?^```js\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  if (!code) throw new Error('README.md has no block of js below "## Quick start", which this test runs');
  quickStart = code;
});
afterAll(() => folder.remove());

/** After the quick start: the RMS over the 512 channels, at each of the 2 * 16 places. */
const rmsOfRows = `
const rms = Array.from({ length: 32 }, (_, row) => {
  let sum = 0;
  for (let c = 0; c < 512; c++) sum += values[(row >> 4) * 8192 + c * 16 + (row & 15)] ** 2;
  return Math.sqrt(sum / 512);
});
const result = JSON.stringify({ backend: backend.name, rms });
`;

function expectRowsOfRmsOne(result: string): void {
  const { backend, rms } = JSON.parse(result) as { backend: string; rms: number[] };
  expect(backend).toBe('wasm');
  expect(rms).toHaveLength(32);
  for (const value of rms) expect(value).toBeCloseTo(1, 5);
}

test("the README's quick start runs in Node", async () => {
  await writeFile(join(folder.dir, 'quick-start.js'), `${quickStart}${rmsOfRows}console.log(result);\n`);
  expectRowsOfRmsOne(await runToSuccess(process.execPath, ['quick-start.js'], { cwd: folder.dir }));
});

test("the README's quick start runs in a page built by Vite, which needs no other file", async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const page = join(folder.dir, 'page');
  await mkdir(page);
  await writeFile(
    join(page, 'index.html'),
    '<!doctype html><title>RMSNorm</title><pre></pre><script type="module" src="main.js"></script>',
  );
  await writeFile(
    join(page, 'main.js'),
    `${quickStart}${rmsOfRows}document.querySelector('pre').textContent = result;\n`,
  );
  await build({ root: page, configFile: false, logLevel: 'warn' });
  const built = (await readdir(join(page, 'dist'), { recursive: true })).filter((file) => file.includes('.'));
  expect(built.filter((file) => !/\.(html|js)$/.test(file))).toEqual([]);

  const server = await preview({ root: page, configFile: false, preview: { host: '127.0.0.1', port: 0 } });
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
  try {
    const tab = await browser.newPage();
    const failures: string[] = [];
    tab.on('pageerror', (error) => failures.push(String(error)));
    await tab.goto(server.resolvedUrls!.local[0]!);
    await tab
      .waitForFunction(() => document.querySelector('pre')?.textContent, undefined, { timeout: 30_000 })
      .catch((error) => {
        throw new Error(`the page printed nothing: ${failures.join('\n') || error}`);
      });
    expectRowsOfRmsOne((await tab.textContent('pre')) ?? '');
    expect(failures).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});

test("the packages' types hold in a strict project that checks its libraries too", async () => {
  const code = `
import { RMSNorm, type Backend, type Tensor } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { runConformance } from '@rmsnorm/conformance';
const backend: Backend = await wasm().create();
const y: Tensor = new RMSNorm({ dim: 4, axis: -1 }).forward(backend.tensor(new Float32Array(8), [2, 4]));
export const values: Float32Array | Uint16Array | Int8Array = await y.data();
export const failed: number = (await runConformance(wasm())).failed;
// @ts-expect-error: an axis is a number
new RMSNorm({ dim: 4, axis: 'last' });
`;
  await writeFile(join(folder.dir, 'types.ts'), code);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable', 'dom'],
    types: [],
    skipLibCheck: false,
  };
  await writeFile(join(folder.dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
  const { code: status, output } = await run(process.execPath, [tool('tsc'), '-p', folder.dir]);
  expect(status, output).toBe(0);
});

test('the command rmsnorm runs from node_modules', async () => {
  await copyFile(join(root, 'apps/cli/data/embeddings.npy'), join(folder.dir, 'in.npy'));
  // As a script of the user's would: npm knows which of the files in .bin this system runs.
  const rmsnorm = ['exec', '--no', '--', 'rmsnorm', 'run', 'in.npy', '-o', 'out.npy', '--dim', '512'];
  const { code, output } = await run(command, [...args, ...rmsnorm], { cwd: folder.dir });
  expect(code, output).toBe(0);
  const [input, result] = await Promise.all(['in.npy', 'out.npy'].map((file) => readFile(join(folder.dir, file))));
  expect(result!.length).toBe(input!.length);
  expect(result!.equals(input!)).toBe(false);
});
