import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Report } from '../src/report/index.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = promisify(execFile);
let folder: string;

// Peers take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rmsnorm-bench-'));
});

afterAll(() => rm(folder, { recursive: true }));

it('times one workload and writes text, JSON and Markdown', async () => {
  const json = join(folder, 'deep', 'bench.json');
  const markdown = join(folder, 'bench.md');
  const options = ['--quick', '--rounds', '2', '--filter', 'resident/float32/1x4096,overhead'];
  const { stdout } = await run(process.execPath, [MAIN, ...options, '--json', json, '--markdown', markdown]);

  const report = JSON.parse(await readFile(json, 'utf8')) as Report;
  expect(report.method.rounds).toBe(2);
  expect(report.results.map(({ id }) => id)).toEqual(['resident/float32/1x4096']);
  const outcomes = report.results[0]!.outcomes;
  expect(outcomes[0]!.name).toBe('rmsnorm-wasm');
  for (const outcome of outcomes) expect(outcome.status).toBe('timed');
  expect(report.overhead?.shape).toBe('1x64');
  // One goal over the copy, each and mean over ORT, one over tfjs.
  expect(report.verdicts).toHaveLength(4);
  expect(Object.values(report.environment.versions)).not.toContain('unknown');

  for (const text of [stdout, await readFile(markdown, 'utf8')]) {
    expect(text).toContain('float32, resident: speed of rmsnorm-wasm over each');
    expect(text).toContain('onnxruntime-web');
  }
});

it.each([
  [['--filter', 'resident/float64'], "no workload contains 'resident/float64'"],
  [['--rounds', '0'], "--rounds must be a positive integer, got '0'"],
  [['--fast'], '--fast'],
])('refuses %j', async (options, message) => {
  await expect(run(process.execPath, [MAIN, ...options, '--json', join(folder, 'x.json')])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(message),
  });
});
