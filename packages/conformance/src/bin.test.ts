import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from './report/report.ts';

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rmsnorm-conformance-'));
  const core = import.meta.resolve('@rmsnorm/core');
  const modules: Record<string, string> = {
    'good.mjs': `export { reference as default } from '${core}';`,
    // Reads zeros: every value is wrong.
    'wrong.mjs': `import { createBackend } from '${core}';
      const driver = {
        name: 'wrong', device: 'nowhere',
        supports: { ops: ['forward'], dtypes: ['float32'], accuracy: 'ieee', features: [], promises: [] },
        alloc: (bytes) => new Uint8Array(bytes), free() {}, write: (b, bytes) => b.set(bytes),
        read: async (b, into) => into.set(b.subarray(0, into.length)), forward() {}, dispose() {},
      };
      export default { name: 'wrong', apiVersion: 1, probe: async () => ({ ok: true, device: 'nowhere' }), create: async () => createBackend(driver) };`,
    'absent.mjs': `export default { name: 'absent', apiVersion: 1, create() {},
      probe: async () => ({ ok: false, code: 'NO_DEVICE', reason: 'there is none', hint: 'plug one in' }) };`,
    'other.mjs': 'export default 3;',
    'broken.mjs': "import './not-there.mjs';",
  };
  await Promise.all(Object.entries(modules).map(([name, text]) => writeFile(join(folder, name), text)));
});

// Windows deletes no folder in which a process has just ended.
afterAll(() => rm(folder, { recursive: true, maxRetries: 5 }));

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { cwd: folder, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('a good module: the counts, and 0', async () => {
  const { status, stdout, stderr } = await run('./good.mjs', '--filter', 'forward/axis:', '--seed', '3');
  expect(stdout).toMatch(/^reference \(.*\), seed 3: \d+ passed, 0 failed, 0 skipped in /);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('--json prints the report alone', async () => {
  const { status, stdout } = await run('good.mjs', '--filter', 'forward/axis:', '--json');
  const report = JSON.parse(stdout) as Report;
  expect(report.failed).toBe(0);
  expect(report.passed).toBe(report.results.length);
  expect(status).toBe(0);
});

test('failures are told, with 1', async () => {
  const { status, stdout } = await run('wrong.mjs', '--filter', 'forward/values:dtype=float32,shape=3x5');
  expect(stdout).toContain('FAIL  forward/values:dtype=float32,shape=3x5\n');
  expect(stdout).toMatch(/elements of y are wrong, the worst at \[\d, \d\]: got 0, expected/);
  expect(status).toBe(1);
});

test('a backend that cannot run here: its reason, and 1', async () => {
  const { status, stderr } = await run('absent.mjs');
  expect(stderr).toBe('absent cannot run here: NO_DEVICE: there is none; plug one in\n');
  expect(status).toBe(1);
});

test('a module that fails to load: its error, and 1', async () => {
  const { status, stderr } = await run('broken.mjs');
  expect(stderr).toContain('not-there.mjs');
  expect(status).toBe(1);
});

test('--fuzz: the largest errors, and 0; its failure is a call that --replay repeats, with 1', async () => {
  const good = await run('good.mjs', '--fuzz', '300', '--seed', '4');
  expect(good.stdout).toMatch(/largest error {2}\w+ y float32 +\d\.\d{3}\n/);
  expect(good.stdout).toMatch(/reference \(.*\), seed 4: \d+ rows in \d+ calls, 0 failed\n$/);
  expect(good.status).toBe(0);

  const wrong = await run('wrong.mjs', '--fuzz', '300');
  expect(wrong.status).toBe(1);
  const trial = /--replay '(.*)'/.exec(wrong.stdout)![1]!;
  expect(trial.length).toBeLessThan(400);
  const again = await run('wrong.mjs', '--replay', trial);
  expect(again.stdout).toContain('FAIL  forward float32\n      1 of 1 elements of y are wrong');
  expect(again.status).toBe(1);
  const passed = await run('good.mjs', '--replay', trial);
  expect(passed.stdout).toMatch(/^reference \(.*\): passed\n$/);
  expect(passed.status).toBe(0);
});

test('--explain: one case with its calls, and 1 where it fails; with --json all of its numbers', async () => {
  const id = 'forward/values:dtype=float32,shape=3x5';
  const good = await run('good.mjs', '--explain', id, '--seed', '3');
  expect(good.stdout).toContain('rmsNorm(x, { dim: 5, axis: -1, gamma }), x of shape [3, 5]\n');
  expect(good.stdout).toContain(`\n\nAll numbers: rmsnorm-conformance good.mjs --explain '${id}' --seed 3 --json\n`);
  expect(good.status).toBe(0);
  const wrong = await run('wrong.mjs', '--explain', id, '--json');
  const { result, calls, compared } = JSON.parse(wrong.stdout);
  expect([result.status, calls[0].operands[0].values.length, compared[0].got[14]]).toEqual(['fail', 15, 0]);
  expect(wrong.status).toBe(1);
});

test('--html and --junit: the report in files, whole', async () => {
  const args = [
    'wrong.mjs',
    '--filter',
    'forward/values:dtype=float32,shape=3x*',
    '--html',
    'r.html',
    '--junit',
    'r.xml',
  ];
  const { status } = await run(...args);
  expect(status).toBe(1);
  const [html, xml] = await Promise.all(['r.html', 'r.xml'].map((name) => readFile(join(folder, name), 'utf8')));
  expect(html).toContain('<title>Conformance of wrong</title>');
  expect(html).toContain('elements of y are wrong');
  expect(xml).toMatch(
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="@rmsnorm\/conformance" tests="\d+" failures="[1-9]/,
  );
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('--coverage prints the table, and what the depth leaves out', { timeout: 120_000 }, async () => {
  const { status, stdout } = await run('--coverage', '--depth', 'quick');
  expect(stdout).toMatch(/^\d+ cases at depth 'quick'/);
  for (const subject of ['forward', 'apply', 'addForward', 'backward', 'sumSquares']) {
    expect(stdout).toMatch(new RegExp(`^${subject}: \\d+ cases make a call, \\d+/\\d+ pairs`, 'm'));
  }
  expect(stdout).toContain("'clamp' needs partial = 1");
  expect(stdout).toContain("depth 'quick' leaves out:\n");
  expect(status).toBe(0);
});

test('--coverage MODULE prints what applies to its backend', { timeout: 120_000 }, async () => {
  const { status, stdout } = await run('--coverage', 'wrong.mjs', '--depth', 'quick');
  expect(stdout).toMatch(/^what applies to wrong\n/);
  expect(stdout).toMatch(/^ {2}\d+ cells are empty: the backend does not declare it$/m);
  expect(status).toBe(0);
});

test('--depth chooses how much runs', async () => {
  const passed = async (...args: string[]): Promise<number> => {
    const { stdout } = await run('good.mjs', '--filter', 'scaleBy/plan:calls', ...args);
    return Number(/: (\d+) passed, 0 failed/.exec(stdout)?.[1]);
  };
  expect([await passed('--depth', 'quick'), await passed()]).toEqual([1, 3]);
});

test.each([
  [['good.mjs', '--depth', 'deep'], 'depth must be one of quick, default, thorough'],
  [['--coverage', '--json'], '--coverage goes without --json'],
  [
    ['good.mjs', '--filter', 'backend/tensor:check=transfer,dtype=float16,elements=33554437'],
    "depth 'thorough' has 1 such",
  ],
  [[], 'one MODULE is needed, got 0'],
  [['good.mjs', 'wrong.mjs'], 'one MODULE is needed, got 2'],
  [['good.mjs', '--sed', '3'], "Unknown option '--sed'"],
  [['good.mjs', '--seed', 'x'], "--seed must be an integer, got 'x'"],
  [['good.mjs', '--fuzz', '0'], "--fuzz must be a number of rows, got '0'"],
  [['good.mjs', '--replay', '{'], 'RMSNORM_INVALID_OPTION: a trial is the JSON'],
  [['good.mjs', '--timeout', '0'], '--timeout must be a number of seconds above 0'],
  [['good.mjs', '--explain', 'forward/axis'], 'there is no case "forward/axis"; 24 contain it'],
  [['good.mjs', '--explain', 'x', '--fail-fast'], '--explain goes without --fail-fast'],
  [['good.mjs', '--html', 'no/such/folder/r.html'], '--html no/such/folder/r.html: there is no folder'],
  [['good.mjs', '--junit', '.'], '--junit .: that is a folder, not a file'],
  [['good.mjs', '--fuzz', '9', '--json'], '--fuzz goes without --json'],
  [['nowhere.mjs'], 'there is no module'],
  [['other.mjs'], 'RMSNORM_INVALID_OPTION: the default export of other.mjs'],
  [['good.mjs', '--filter', 'no such case'], 'takes none of the'],
])('wrong usage %j: what is wrong, and 2', async (args, text) => {
  const { status, stdout, stderr } = await run(...args);
  expect(stderr).toContain(text);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});

test('--help', async () => {
  const { status, stdout } = await run('--help');
  expect(stdout).toContain('usage: rmsnorm-conformance MODULE');
  expect(status).toBe(0);
});
