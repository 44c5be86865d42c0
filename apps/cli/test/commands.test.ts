import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listCases } from '@rmsnorm/conformance';
import { beforeAll, describe, expect, test } from 'vitest';
import { benchLines } from '../src/commands/bench.ts';
import { out } from '../src/terminal/output.ts';
import { BIN, inProcess, NO_CUDA, newFolder, rmsnorm } from './rmsnorm.ts';
import { requireShell } from './shell.ts';

let folder = '';
beforeAll(() => {
  folder = newFolder();
});

describe('doctor', () => {
  test('names every backend, what is missing, and what auto takes', async () => {
    const { code, stdout, stderr } = await rmsnorm(folder, 'doctor');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^node \d+\.\d+\.\d+ on \S+/);
    expect(stdout).toMatch(new RegExp(`^ {2}cuda +(${NO_CUDA.source}) +\\S.+: \\S`, 'm'));
    expect(stdout).toMatch(/^ {2}wasm +ok +WebAssembly SIMD/m);
    expect(stdout).toMatch(/^ {2}reference +ok +JavaScript, float64$/m);
    expect(stdout).toMatch(/^--backend auto takes wasm$/m);
    expect(stdout).not.toContain('\x1b');
  });

  test('--json', async () => {
    const { code, stdout } = await rmsnorm(folder, 'doctor --json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ node: process.version, auto: 'wasm' });
    expect(report.backends.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok])).toEqual([
      ['cuda', false],
      ['webgpu', false],
      ['wasm', true],
      ['reference', true],
    ]);
  });

  test('a reader that has seen enough is no error', ({ skip }) => {
    requireShell(skip);
    const { stderr, status } = spawnSync(
      'bash',
      ['-c', `set -o pipefail; "${process.execPath}" "${BIN}" doctor | true`],
      {
        encoding: 'utf8',
      },
    );
    expect([stderr, status]).toEqual(['', 0]);
  });
});

/** A module whose backend adds to every eps: right but for rows that are small. */
const WRONG_BACKEND = `import { createBackend, reference } from ${JSON.stringify(import.meta.resolve('@rmsnorm/core'))};
  export default async () => {
    const good = reference();
    const create = async () => {
      const backend = await good.create();
      const engine = backend[Object.getOwnPropertySymbols(backend)[0]];
      const { driver } = engine;
      const forward = driver.forward.bind(driver);
      driver.forward = (p, io) => forward({ ...p, eps: p.eps + 1e-3 }, io);
      return backend;
    };
    return { name: 'wrong', apiVersion: 1, probe: () => good.probe(), create };
  };`;

describe('verify', () => {
  const filter = 'forward/*shape=2x*';
  const count = listCases(filter).length;

  test('a backend by its name', async () => {
    const { code, stdout, stderr } = await inProcess(folder, [
      'verify',
      'reference',
      '--filter',
      filter,
      '--seed',
      '7',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(count).toBeGreaterThan(5);
    expect(stdout).toContain("reference (JavaScript, float64): accuracy 'ieee'");
    expect(stdout).toMatch(/^seed 7, /m);
    expect(stdout).toMatch(new RegExp(`^${count} passed, 0 failed, 0 skipped\n$`, 'm'));
  });

  test('--json', async () => {
    const { code, stdout } = await inProcess(folder, ['verify', 'reference', '--filter', filter, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ backend: 'reference', passed: count, failed: 0, skipped: 0 });
  });

  test('a module with a planted bug: exit code 1, and which cases it fails', async () => {
    writeFileSync(join(folder, 'wrong.mjs'), WRONG_BACKEND);
    const { code, stdout, stderr } = await rmsnorm(folder, ['verify', './wrong.mjs', '--filter', filter]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^FAIL forward\/\S+\n {5}\S/m);
    expect(stdout).toMatch(/^\d+ passed, [1-9]\d* failed, 0 skipped\n$/m);
  });

  test('a backend that ends the process: the case on stderr, and exit code 1, not 0', async () => {
    writeFileSync(join(folder, 'ending.mjs'), WRONG_BACKEND.replace('=> forward(', '=> process.exit(0) ?? forward('));
    const { code, stdout, stderr } = await rmsnorm(folder, ['verify', './ending.mjs', '--filter', filter]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /the process ended with exit status 0 in the case forward\/\S+: does the driver call process\.exit\(\)\?/,
    );
  });

  test('a backend that does not start: a report, in which the first case has failed and the rest is not run', async () => {
    writeFileSync(
      join(folder, 'broken-create.mjs'),
      "export default { name: 'b', apiVersion: 1, probe: async () => ({ ok: true, device: 'd' }), create: async () => null };",
    );
    const { code, stdout, stderr } = await rmsnorm(folder, ['verify', './broken-create.mjs', '--filter', filter]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('the backend did not start: create() gave null');
    expect(stdout).toMatch(/^b: it did not start$/m);
    expect(stdout).toMatch(new RegExp(`^not run:\\n {2}${count - 1} +the backend did not start`, 'm'));
    expect(stdout).toMatch(new RegExp(`^0 passed, 1 failed, 0 skipped, ${count - 1} not run\n$`, 'm'));
  });

  test.each([
    ['nothing.mjs', 'export const x = 1;', 2, 'the default export of ./nothing.mjs must be a BackendProvider'],
    ['broken.mjs', 'throw new Error("on fire");', 1, 'RMSNORM_MODULE_NOT_FOUND: ./broken.mjs does not load: on fire'],
    [
      'refusing.mjs',
      "export default { name: 'gpu', apiVersion: 1, create() {}, probe: async () => ({ ok: false, code: 'NO_DEVICE', reason: 'no GPU', hint: 'buy one' }) };",
      1,
      'RMSNORM_NO_BACKEND: gpu does not work here: NO_DEVICE, no GPU: buy one',
    ],
  ])('a module that is none: %s', async (name, text, expected, message) => {
    writeFileSync(join(folder, name), text);
    const { code, stdout, stderr } = await rmsnorm(folder, `verify ./${name}`);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([expected, '']);
  });
});

test('bench: a row for each shape, its figures consistent, and the table of them', async () => {
  const { code, stdout, stderr } = await rmsnorm(folder, 'bench --json');
  expect([code, stderr]).toEqual([0, '']);
  const report = JSON.parse(stdout);
  expect(Object.keys(report.copies)).toEqual(['wasm']);
  expect(report.rows).toHaveLength(5);
  for (const { shape, forwardSeconds, copySeconds, ratio, bytesPerSecond } of report.rows) {
    const bytes = 8 * shape.reduce((n: number, d: number) => n * d, 1);
    expect(bytesPerSecond * forwardSeconds).toBeCloseTo(bytes, 3);
    for (const figure of [forwardSeconds, copySeconds, ratio]) expect(figure).toBeGreaterThan(0);
  }
  const table = benchLines(report, out).join('\n');
  expect(table).toMatch(/^backend +shape +axis +forward +rate +copy +of a copy$/m);
  expect(table).toMatch(/^wasm +2048x1024 +-1 +\S+ \S+ +\S+ GB\/s +\S+ \S+ +\d\.\d\d$/m);
  expect(table).toContain('The copy beside wasm: TypedArray.set from x to y');
});
