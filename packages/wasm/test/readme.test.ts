import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readmeAt } from '../../webgpu/test/readme.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { codeUnder, countCode } = readmeAt(new URL('../README.md', import.meta.url));

describe('the README', () => {
  test.each([
    ['Node, and any page that a bundler builds', '', '', /^Float32Array\(16384\) \[/],
    ['Where data lives', '', '', /^3 0\.99999\d+\n$/],
    ['Threads', '', 'console.log(backend.device)', /^WebAssembly SIMD, 2 threads\n$/],
  ])('what stands under "%s" runs in Node', (heading, before, after, output) => {
    const code = [before, codeUnder(heading)[0]!, after].join('\n');
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: root, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(output);
  });

  test('has no code but these three and what readme.pages.test.ts runs', () => {
    expect(countCode()).toBe(7);
  });
});
