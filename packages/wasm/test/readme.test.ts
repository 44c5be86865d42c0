import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = [...readFileSync(`${root}README.md`, 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(
  (match) => match[1]!,
);

describe('the README', () => {
  test.each([
    [0, /^Float32Array\(16384\) \[/],
    [1, /^3 0\.99999\d+\n$/],
  ])('example %i runs as it stands', (index, output) => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', examples[index]!], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(output);
  });

  test('has no other example', () => {
    expect(examples.length).toBe(2);
  });
});
