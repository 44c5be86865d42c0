import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { chromiumPath, howToGetChromium } from '../../../.ci/chromium.ts';
import { lacking } from '../../../.ci/requirements.ts';
import { swiftShader } from '../../../.ci/swiftshader.ts';
import type { Report } from '../src/report/report.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = promisify(execFile);
let folder: string;

// Peers take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rmsnorm-bench-'));
});

afterAll(() => rm(folder, { recursive: true, maxRetries: 5 }));

/** Runs the bench, quick, on the workloads of `filter`, and reads the report that it writes under `name`. */
async function measured(
  target: string,
  name: string,
  filter: string,
  options: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Report> {
  const files = ['--json', reportFile(name), '--markdown', join(folder, `${name}.md`), '--plots', join(folder, name)];
  await run(process.execPath, [MAIN, '--target', target, '--quick', '--filter', filter, ...options, ...files], { env });
  return readReport(name);
}

function reportFile(name: string): string {
  return join(folder, `${name}.json`);
}

async function readReport(name: string): Promise<Report> {
  return JSON.parse(await readFile(reportFile(name), 'utf8')) as Report;
}

it('times workloads in Node and writes text, JSON, Markdown and a plot', async () => {
  const json = join(folder, 'deep', 'bench.json');
  const markdown = join(folder, 'bench.md');
  const files = ['--json', json, '--markdown', markdown, '--plots', join(folder, 'plots')];
  const filter = ['--filter', 'llm/resident/float32/1x64,llm/resident/float32/1x4096,overhead'];
  const options = ['--target', 'node', '--quick', '--rounds', '2', ...filter];
  const { stdout } = await run(process.execPath, [MAIN, ...options, ...files]);

  const report = JSON.parse(await readFile(json, 'utf8')) as Report;
  expect(report.targets.map(({ target, method }) => [target, method.rounds])).toEqual([['node', 2]]);
  const ids = ['node/llm/resident/float32/1x64', 'node/llm/resident/float32/1x4096'];
  expect(report.results.map(({ id }) => id)).toEqual(ids);
  const outcomes = report.results[0]!.outcomes;
  expect(outcomes[0]!.name).toBe('rmsnorm-wasm');
  for (const outcome of outcomes) expect(outcome.status).toBe('timed');
  expect(report.overhead.map(({ shape }) => shape)).toEqual(['1x64', '1x4096']);
  // Two over ORT and their mean, two over tfjs.
  expect(report.verdicts).toHaveLength(5);
  for (const version of Object.values(report.environment.versions)) expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(await readFile(join(folder, 'plots', 'node-llm-float32-resident.svg'), 'utf8')).toContain('simd-copy');

  for (const text of [stdout, await readFile(markdown, 'utf8')]) {
    expect(text).toContain('node, llm, float32, resident: speed of rmsnorm-wasm over each');
    expect(text).toContain('onnxruntime-web');
  }
});

it('makes one report of earlier runs', async () => {
  const json = join(folder, 'deep', 'bench.json');
  const to = [
    '--json',
    join(folder, 'again.json'),
    '--markdown',
    join(folder, 'again.md'),
    '--plots',
    join(folder, 'p'),
  ];
  const { stdout } = await run(process.execPath, [MAIN, '--from', `${json},${json}`, ...to]);
  expect(stdout).toContain('node, llm, float32, resident: speed of rmsnorm-wasm over each');
  const [again, before] = await Promise.all([join(folder, 'again.json'), json].map((file) => readFile(file, 'utf8')));
  expect(JSON.parse(again!)).toEqual(JSON.parse(before!));
});

it('times a workload in a page of Chromium, with the share of a core that it had', async ({ skip }) => {
  if (!chromiumPath) return lacking(skip, howToGetChromium);
  const report = await measured('chromium', 'page', 'llm/resident/float32/1x64', ['--rounds', '2']);
  expect(report.targets[0]!.engine).toMatch(/^Chromium \d+/);
  expect(report.results.map(({ id }) => id)).toEqual(['chromium/llm/resident/float32/1x64']);
  for (const outcome of report.results[0]!.outcomes) expect(outcome.status).toBe('timed');
  // A number, and not null; the processor's clock counts in steps of 10 ms, which two rounds may not fill.
  expect(report.results[0]!.cpuShare).toBeGreaterThanOrEqual(0);
});

it("times a workload on Node's WebGPU", async ({ skip }) => {
  if (!swiftShader) return lacking(skip, howToGetChromium);
  const report = await measured('node-webgpu', 'gpu', 'llm/resident/float32/1x4096', ['--rounds', '2']);
  expect(report.targets[0]!.engine).toMatch(/^Node \d+.*, npm webgpu \d+.* swiftshader/);
  const [ours, copy, ...others] = report.results[0]!.outcomes;
  expect(ours).toMatchObject({ name: 'rmsnorm-webgpu', status: 'timed' });
  expect(copy).toMatchObject({ name: 'wgsl-copy', status: 'timed' });
  expect(others).toHaveLength(4);
  expect(report.results[0]!.cpuShare).toBeNull();
}, 120_000);

it("times kernels by the GPU's clock", async ({ skip }) => {
  if (!swiftShader) return lacking(skip, howToGetChromium);
  const report = await measured('gpu-clock', 'clock', 'forward/resident/float16/2048x1024', ['--rounds', '1']);
  expect(report.targets[0]!.engine).toMatch(/^Node \d+.*, npm webgpu \d+.* swiftshader.*, (no )?subgroups/);
  expect(report.results[0]!.outcomes.map(({ name }) => name)).toEqual([
    'rmsnorm-webgpu',
    'buffer-copy',
    'wgsl-copy',
    'rmsnorm-by-bits',
    'rmsnorm-without-subgroups',
  ]);
  for (const outcome of report.results[0]!.outcomes) expect(outcome.status).toBe('timed');
}, 120_000);

it('times two threads beside one', async () => {
  const report = await measured('threads', 'threads', 'threads/forward/resident/float32/64x1024', ['--rounds', '2']);
  const [result] = report.results;
  expect(result).toMatchObject({ threads: 2, rounds: 2, cpuShare: null });
  expect(result!.attempts).toBeGreaterThanOrEqual(2);
  expect(result!.outcomes).toMatchObject([
    { name: 'rmsnorm-wasm', status: 'timed' },
    { name: 'rmsnorm-one-thread', status: 'timed' },
  ]);
});

it('times what calls cost on WebGPU', async ({ skip }) => {
  if (!swiftShader) return lacking(skip, howToGetChromium);
  const { webgpuCalls } = await measured('node-webgpu', 'calls', 'node-webgpu/overhead', ['--rounds', '2']);
  expect(webgpuCalls!.calls.map(({ call }) => call)).toContain('scaleBy');
  for (const { javaScript, withDawn } of webgpuCalls!.calls) {
    for (const { leastNanoseconds, medianNanoseconds } of [javaScript, withDawn]) {
      expect(leastNanoseconds).toBeGreaterThan(0);
      expect(medianNanoseconds).toBeGreaterThanOrEqual(leastNanoseconds);
    }
  }
}, 120_000);

it('says in one line why a GPU cannot be measured', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('only the Vulkan loader of Linux can be told to find no driver');
  const env = { ...process.env, VK_ICD_FILENAMES: join(folder, 'no-driver.json') };
  await expect(measured('gpu-clock', 'none', 'forward', [], env)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^gpu-clock did not run: RMSNORM_NO_ADAPTER: .+$/m),
  });
});

it('keeps what it measured where a target cannot start, says so, and fails', async () => {
  const env = { ...process.env, RMSNORM_CHROMIUM: process.execPath };
  const half = measured('node,chromium', 'half', 'llm/resident/float32/1x64', ['--rounds', '2'], env);
  await expect(half).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('chromium did not run: '),
  });
  const report = await readReport('half');
  expect(report.results.map(({ id }) => id)).toEqual(['node/llm/resident/float32/1x64']);
  expect(report.failures).toEqual([expect.stringMatching(/^chromium did not run: /)]);
});

it('lists what it would run', async () => {
  const { stdout } = await run(process.execPath, [MAIN, '--list', '--filter', 'backward/']);
  expect(stdout).toContain('chromium-webgpu/backward/resident/float32/64x4096');
  expect(
    stdout
      .trim()
      .split('\n')
      .every((id) => id.includes('backward/')),
  ).toBe(true);
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
