import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeAddon } from './native.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));

const sharedLibrary = (name: string): string =>
  execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();

describeAddon('AddressSanitizer and UBSan', () => {
  test('have nothing to say of the tests of the addon', { timeout: 600_000 }, async () => {
    await run(process.execPath, [script, '--sanitize']);
    const env = {
      ...process.env,
      RMSNORM_CUDA_ADDON: '../build/sanitized/rmsnorm-cuda.node',
      // Node itself leaves memory to the system when it ends.
      ASAN_OPTIONS: 'detect_leaks=0',
      LD_PRELOAD: `${sharedLibrary('libasan.so')} ${sharedLibrary('libubsan.so')}`,
    };
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'cuda-linux-x64-gnu', '--reporter', 'dot'];
    const tests = ['arguments', 'capture', 'devices', 'loss', 'memory', 'process'].map(
      (name) => `test/${name}.test.ts`,
    );
    const { stdout } = await run(process.execPath, [...vitest, ...tests], { cwd: root, env, maxBuffer: 1 << 26 });
    expect(stdout).toMatch(/ passed/);
  });
});
