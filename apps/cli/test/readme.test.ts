import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The root README's code, run as a reader would run it. The folder lies in this package, whose dependencies it imports.
const node = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const bin = join(root, 'apps/cli/dist/bin.js');
let folder: string;
let blocks: { info: string; code: string }[];

beforeAll(async () => {
  await mkdir(join(root, 'apps/cli/build'), { recursive: true });
  folder = await mkdtemp(join(root, 'apps/cli/build/readme-'));
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  blocks = [...readme.matchAll(/^```(js.*)\n([\s\S]*?)^```$/gm)].map(([, info, code]) => ({
    info: info!,
    code: code!,
  }));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

test('the quick start and what follows it run, and give rows of RMS 1', async () => {
  const lines = blocks.filter(({ info, code }) => info === 'js' && !code.includes('vitest')).map(({ code }) => code);
  expect(lines.length).toBe(4);
  const check = `
    let sum = 0;
    for (let c = 0; c < 512; c++) sum += values[c * 16] ** 2;
    const { tensors } = backend.memory();
    console.log(JSON.stringify({ rms: Math.sqrt(sum / 512), applied: data.length, best: best.name, tensors }));`;
  await writeFile(join(folder, 'quick-start.mjs'), [...lines, check].join('\n'));
  const { stdout } = await node(process.execPath, [join(folder, 'quick-start.mjs')]);
  const { rms, ...rest } = JSON.parse(stdout);
  expect(rms).toBeCloseTo(1, 4);
  expect(rest).toEqual({ applied: 16384, best: 'wasm', tensors: 0 });
});

test('the example of a backend passes the whole suite, by the command that stands below it', {
  timeout: 120_000,
}, async () => {
  const example = blocks.find(({ info }) => info === 'js my-backend.js');
  await writeFile(join(folder, 'my-backend.js'), example!.code);
  const { stdout } = await node(process.execPath, [bin, 'verify', './my-backend.js', '--json'], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  });
  const report = JSON.parse(stdout);
  expect(report.results.filter(({ status }: { status: string }) => status === 'fail')).toEqual([]);
  expect(report.backend).toBe('plain');
  expect(report.passed).toBeGreaterThan(100);
});
