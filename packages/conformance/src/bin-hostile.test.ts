import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CaseResult, Report } from './report/report.ts';

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
const kinds = new URL('../test/fixtures/hostile/kinds.mjs', import.meta.url).href;
const isWindows = process.platform === 'win32';
/** A heap that is full soon. */
const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=100' };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rmsnorm-conformance-'));
});
// Windows deletes no folder in which a process has just ended.
afterAll(() => rm(folder, { recursive: true, maxRetries: 5 }));

/** Writes the module of one kind of driver, and gives its name. */
async function moduleOf(kind: string): Promise<string> {
  await writeFile(
    join(folder, `${kind}.mjs`),
    `import { DEADLY, HANGING, TOLD } from '${kinds}';
     export default () => ({ ...DEADLY, ...HANGING, ...TOLD })['${kind}']();`,
  );
  return `${kind}.mjs`;
}

/** Rows of 5 are what some kinds end at. */
const FILTER = 'forward/axis:*';

async function run(kind: string, ...args: string[]): Promise<{ status: number; report: Report; stderr: string }> {
  const module = await moduleOf(kind);
  return new Promise((resolve, reject) => {
    const command = [bin, module, '--filter', FILTER, '--json', ...args];
    execFile(process.execPath, command, { cwd: folder, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      try {
        resolve({ status: error ? Number(error.code) : 0, report: JSON.parse(stdout) as Report, stderr });
      } catch {
        reject(new Error(`no report on stdout: '${stdout}', stderr: '${stderr}'`));
      }
    });
  });
}

const failuresIn = ({ results }: Report): CaseResult[] => results.filter(({ status }) => status === 'fail');

describe('a driver that ends its process: the case is named, and the rest runs', () => {
  test.each([
    ['exits-in-forward', /ended with exit status 0: does the driver call process\.exit\(\)\?/],
    ['crashes-in-forward', isWindows ? /was aborted with exit status 134/ : /crashed with SIGSEGV/],
    ['memory-runs-out', isWindows ? /was aborted with|crashed with 0x/ : /crashed with SIG/],
    ['loops-in-forward', /did not come back within 0\.5 s, nor did it let a timer run/],
  ])('%s', { timeout: 120_000 }, async (kind, message) => {
    const args =
      kind === 'loops-in-forward' ? ['--timeout', '0.5', '--filter', 'forward/axis:dim=5,axis=1,shape=3x5'] : [];
    const { status, report } = await run(kind, ...args);
    const failures = failuresIn(report);
    expect(status).toBe(1);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(failure.message).toMatch(message);
      expect(failure.message).toContain(`in the case ${failure.id}`);
      expect(failure.id).toContain('dim=5,');
    }
    if (kind !== 'loops-in-forward') expect(report.passed).toBeGreaterThan(3);
    expect(report).toMatchObject({ backend: 'hostile', notRun: 0 });
  });
});

describe('a driver that cannot be run at all, or not to its end: a report of all cases', () => {
  test.each([
    ['exits-always', /process\.exit/, 10],
    ['exits-in-create', /ended with exit status 0: .* \(in create\(\)\)/, 3],
    ['exits-in-probe', /ended with exit status 0: .* \(in probe\(\)\)/, 3],
    ['probe-never-settles', /^probe\(\) did not come back within 500 ms/, 1],
    ['probe-throws', /^probe\(\) never throws, but it threw Error: no such luck/, 1],
    ['create-never-settles', /create\(\) did not come back within 500 ms/, 1],
    ['create-gives-null', /create\(\) gave null/, 1],
    ['create-rejects-with-proxy', /the backend did not start: threw /, 1],
    ['read-never-settles', /^did not come back within 500 ms/, 3],
  ])('%s', async (kind, message, failed) => {
    const { status, report } = await run(kind, '--timeout', '0.5');
    const { results, notRun } = report;
    expect(status).toBe(1);
    expect(failuresIn(report)).toHaveLength(failed);
    for (const failure of failuresIn(report)) expect(failure.message).toMatch(message);
    expect(results.length).toBe(24);
    expect(notRun).toBe(results.filter(({ message: text = '' }) => text.startsWith('not run: ')).length);
    if (kind !== 'exits-always') expect(notRun).toBeGreaterThan(5);
  });

  test('a process that ends in the last dispose() fails the last case', async () => {
    const { status, report } = await run('exits-in-dispose');
    expect(status).toBe(1);
    expect(failuresIn(report).map(({ id }) => id)).toEqual([report.results.at(-1)!.id]);
    expect(report.results.at(-1)!.message).toContain('or in dispose() after it');
  });
});

test('what a driver prints, or leaves running, is in no report', async () => {
  const noisy = await run('prints-much');
  expect(noisy).toMatchObject({ status: 0, report: { failed: 0, passed: 10 } });
  expect(noisy.stderr).toContain('noise');
  const lingering = await run('keeps-a-timer');
  expect(lingering).toMatchObject({ status: 0, report: { failed: 0, passed: 10 } });
});

test('a fuzz whose driver ends the process, or never settles, says so', async () => {
  for (const [kind, text] of [
    ['exits-always', 'ended with exit status 0'],
    ['read-never-settles', 'did not come back within 300 ms'],
  ] as const) {
    const module = await moduleOf(kind);
    const { stdout, status } = await new Promise<{ stdout: string; status: number }>((resolve) => {
      const args = [bin, module, '--fuzz', '100', '--timeout', '0.3'];
      execFile(process.execPath, args, { cwd: folder }, (error, out) => {
        resolve({ stdout: out, status: Number(error?.code ?? 0) });
      });
    });
    expect(stdout).toMatch(/^FAIL {2}/m);
    expect(stdout).toContain(text);
    expect(status).toBe(1);
  }
});

test('--fail-fast ends at the first failure, also of one that ends the process', async () => {
  for (const kind of ['exits-in-forward', 'forward-throws']) {
    const { status, report } = await run(kind, '--fail-fast');
    expect(status).toBe(1);
    const { failed, results, notRun } = report;
    const at = results.findIndex((result) => result.status === 'fail');
    expect([failed, notRun]).toEqual([1, results.length - at - 1]);
    expect(results[at + 1]!.message).toContain('the run ended at the first failure');
  }
});

/** Starts the command on a driver that hangs, and gives its process once the backend's runs. */
async function hanging(): Promise<{ child: ChildProcess; backend: number }> {
  const module = await moduleOf('loops-in-forward');
  const child = spawn(process.execPath, [bin, module, '--filter', FILTER], { cwd: folder, stdio: 'pipe' });
  while (child.exitCode === null) {
    const backend = childrenOf(child.pid!).at(0);
    // Its own start takes a while: the loop has begun when it has used some time.
    if (backend !== undefined && cpuSecondsOf(backend) > 1) return { child, backend };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the command ended with ${child.exitCode} before its backend hung`);
}

const children = (pid: number): string => `/proc/${pid}/task/${pid}/children`;
const childrenOf = (pid: number): number[] =>
  existsSync(children(pid)) ? readFileSync(children(pid), 'utf8').split(' ').filter(Boolean).map(Number) : [];
const cpuSecondsOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

test.for(['SIGINT', 'SIGTERM'] as const)('%s ends both processes', async (signal, { skip }) => {
  if (process.platform !== 'linux') return skip('/proc, where this looks for processes, is there on Linux alone');
  const { child, backend } = await hanging();
  child.kill(signal);
  const ended = await new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)));
  expect(ended).toBe(signal);
  await vi.waitFor(() => expect(existsSync(`/proc/${backend}`)).toBe(false), 2000);
});

test('a reader that has seen enough is no error', async ({ skip }) => {
  if (isWindows) return skip('not on Windows, which has no bash');
  const module = await moduleOf('prints-much');
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    const command = `set -o pipefail; "$NODE" "$BIN" ${module} --filter 'forward/axis' --json 2>errors | head -c 3; echo " $?"; cat errors >&2`;
    execFile(
      'bash',
      ['-c', command],
      { cwd: folder, env: { ...process.env, NODE: process.execPath, BIN: bin } },
      (_, stdout, stderr) => resolve({ stdout, stderr }),
    );
  });
  expect(stdout).toBe('{\n  0\n');
  expect(stderr).not.toContain('EPIPE');
});

test('a log gets a line every ten seconds', { timeout: 30_000 }, async ({ skip }) => {
  if (isWindows) return skip('not on Windows, which has no signal that ends a command and its backend');
  const module = await moduleOf('loops-in-forward');
  const { stderr } = await new Promise<{ stderr: string }>((resolve) => {
    const args = [bin, module, '--filter', 'forward/axis:dim=5*', '--timeout', '10'];
    execFile(process.execPath, args, { cwd: folder, timeout: 12_000, killSignal: 'SIGTERM' }, (_, __, stderr) =>
      resolve({ stderr }),
    );
  });
  expect(stderr).toBe('10 s: 0 of 5 cases, 0 failed, now in the case forward/axis:dim=5,axis=1,shape=3x5\n');
});
