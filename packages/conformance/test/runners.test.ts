import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// The lines of the README, under "In other test runners". Jest, Bun and Deno are large: `pnpm consumers` runs those lines.

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/runners/${name}.mjs`, import.meta.url));
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

test.each([
  ['node:test', ['--test', fixture('node')]],
  ['Mocha', [mocha, fixture('mocha')]],
])('%s: passes with a right backend, fails with a wrong one and shows why', async (_, args) => {
  const run = (kind: string): Promise<{ status: number; output: string }> =>
    new Promise((resolve) => {
      // A runner that is started by another one reports in another way.
      const env: NodeJS.ProcessEnv = { ...process.env, KIND: kind };
      delete env.NODE_TEST_CONTEXT;
      execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
        resolve({ status: Number(error?.code ?? 0), output: stdout + stderr });
      });
    });
  expect((await run('')).status).toBe(0);
  for (const kind of ['forward-throws', 'free-is-async']) {
    const { status, output } = await run(kind);
    expect(status).not.toBe(0);
    expect(output).toContain('no such');
    // Of what nobody waits for, node:test tells by itself.
    if (kind === 'free-is-async') continue;
    expect(output).toContain('the backend does not conform');
    expect(output).toContain('FAIL  forward/axis:dim=7,axis=0,shape=7');
  }
});
