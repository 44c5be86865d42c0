import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cuda } from '@rmsnorm/cuda';
import { describe, expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { readmeAt } from '../../webgpu/test/readme.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { text, codeUnder, countCode } = readmeAt(new URL('../README.md', import.meta.url));
const here = await cuda({ device: 'emulated' }).probe();

/** The code on the emulated device. */
function emulated(code: string): string {
  return code
    .replaceAll('cuda()', "cuda({ device: 'emulated' })")
    .replaceAll('cuda({ stream', "cuda({ device: 'emulated', stream");
}

describe('the README', () => {
  test.for([
    ['Quick start', /^Float32Array\(32768\) \[/],
    ['Your stream, your pointers', /^(1(\.000000\d+)?|0\.999999\d+)\n$/],
    ['CUDA graphs', /^(1(\.000000\d+)?|0\.999999\d+)\n$/],
    ['Probing', /^cuda\n$/],
  ] as const)('what stands under "%s" runs in Node', ([heading, output], { skip }) => {
    if (!here.ok) return lacking(skip, `${here.code}: ${here.reason}`);
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', emulated(codeUnder(heading)[0]!)], {
      cwd: root,
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(output);
    expect(run.status).toBe(0);
  });

  test('has no code but these', () => {
    expect(countCode()).toBe(4);
  });

  test('names every code of a probe', () => {
    for (const code of [
      'NO_BINARY',
      'DRIVER_NOT_FOUND',
      'DRIVER_TOO_OLD',
      'NO_DEVICE',
      'ARCH_UNSUPPORTED',
      'WRONG_RUNTIME',
    ]) {
      expect(text).toContain(`| \`${code}\` |`);
    }
  });
});
