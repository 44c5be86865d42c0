import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../src/report/report.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rmsnorm-bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('times npx of a version that a registry on this machine has, to its first result', async () => {
  const json = join(folder, 'bench.json');
  const files = ['--json', json, '--markdown', join(folder, 'bench.md'), '--plots', join(folder, 'plots')];
  const options = ['--target', 'node', '--filter', 'node/npx', '--quick'];
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...options, ...files]);
  expect(stdout).toMatch(/^To the first result, seconds; 1 round,/m);
  const { firstResult } = JSON.parse(await readFile(json, 'utf8')) as Report;
  expect(firstResult).toHaveLength(5);
  for (const { seconds } of firstResult) expect(seconds.median).toBeGreaterThan(0);
}, 240_000);
