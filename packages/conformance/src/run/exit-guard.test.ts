import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a program that ends for an error of its own while a session is open hears of that error', () => {
  const program = `
    import { reference } from '@rmsnorm/core';
    import { openSession } from '@rmsnorm/conformance';
    await openSession(reference(), { seed: 1 });
    throw new Error('of the program');
  `;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/the process ended with exit status 0 [^\n]*:\n[^\n]*of the program/);
  expect(stderr).not.toContain('does the driver call process.exit()?');
  expect(status).toBe(1);
});
