import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumPath } from './chromium.ts';
import type { Results } from './closing-line.ts';
import { cleanCommit, recordTests } from './release/test-record.ts';
import { tool } from './run-program.ts';
import { vulkanDriver } from './swiftshader.ts';
import { root, workspacePackages } from './workspace.ts';

/** Each leaves its results in build/tests.json. The last is the root's, the checks of the workspace as a whole. */
const tested: { name: string; dir: string }[] = [
  ...workspacePackages.map(({ path, dir }) => ({ name: path, dir })),
  { name: 'checks', dir: root },
];

const resultsOf = (dir: string): string => join(dir, 'build/tests.json');

/**
 * Builds, then runs the tests of every package. Those of packages that have not changed since they passed, and whose
 * dependencies have not, come from turbo's cache. With arguments, which are Vitest's, Vitest runs what they pick.
 * @returns the exit code
 */
export async function test(args: string[]): Promise<number> {
  const before = cleanCommit();
  const built = await run('turbo', ['run', 'build']);
  if (built !== 0) return built;
  if (args.length > 0) return run('vitest', ['run', ...args]);

  for (const { dir } of tested) rmSync(resultsOf(dir), { force: true });
  const started = Date.now();
  const code = await run('turbo', [
    'run',
    'test',
    '//#test:workspace',
    '--continue=always',
    '--output-logs=new-only',
    '--env-mode=loose',
    // One package alone would leave a core idle whenever it waits for its last file.
    '--concurrency=2',
  ]);
  const { passed, failed } = report(code, started);
  recordTests({ before, failed, passed, whole: process.env.RMSNORM_WHOLE === '1' });
  return failed > 0 ? 1 : 0;
}

/** Adds the packages up, in a table, and ends on the line `N passed, N failed, N skipped`. */
function report(code: number, started: number): { passed: number; failed: number } {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const reasons: string[] = [];
  const width = Math.max(...tested.map(({ name }) => name.length));
  console.log();
  for (const { name, dir } of tested) {
    const file = resultsOf(dir);
    // What left no results did not come to its end.
    const results: Results = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Results)
      : { passed: 0, failed: 1, skipped: 0, reasons: [], endedAt: Date.now() };
    for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += results[key];
    reasons.push(...results.reasons.map(([reason, number]) => `  ${String(number).padStart(4)}  ${reason}`));
    const counts = `${results.passed} passed, ${results.failed} failed, ${results.skipped} skipped`;
    console.log(`  ${name.padEnd(width)}  ${counts}${results.endedAt < started ? ', as before: unchanged' : ''}`);
  }
  if (reasons.length > 0) console.log(['', 'Skipped:', ...reasons].join('\n'));
  if (process.env.RMSNORM_WHOLE !== '1') {
    console.log(
      '\nWhat repeats this in other environments was left out: RMSNORM_WHOLE=1 runs it too, as .ci/run does.',
    );
  }
  const failed = code === 0 ? total.failed : Math.max(1, total.failed);
  console.log(`\n${total.passed} passed, ${failed} failed, ${total.skipped} skipped`);
  return { passed: total.passed, failed };
}

/** What of the machine may change what a test does; a part of turbo's keys, with the variables that begin with RMSNORM_. */
function machine(): string {
  const browser = chromiumPath && `${realpathSync(chromiumPath)} ${statSync(chromiumPath).mtimeMs}`;
  // Without compilers there is none.
  const addon = existsSync(join(root, 'packages/cuda-linux-x64-gnu/dist/rmsnorm-cuda.node')) ? 'addon' : 'no addon';
  return [process.version, process.platform, process.arch, browser, addon, ...Object.values(vulkanDriver)].join(' ');
}

function run(program: 'turbo' | 'vitest', args: string[]): Promise<number> {
  const child = spawn(process.execPath, [tool(program), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', RMSNORM_MACHINE: machine() },
  });
  // A terminal sends Ctrl-C to both: the child ends first, and its code is ours.
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 130));
  });
}
