import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../run-program.ts';
import { root } from '../workspace.ts';

let folder: string;
beforeEach(async () => {
  await mkdir(join(root, '.ci/build'), { recursive: true });
  folder = await mkdtemp(join(root, '.ci/build/closing-line-'));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

async function runOf(
  tests: Record<string, string>,
): Promise<{ code: number; lastLine: string | undefined; output: string }> {
  for (const [name, code] of Object.entries(tests)) {
    await writeFile(join(folder, `${name}.test.ts`), `import { beforeAll, expect, test } from 'vitest';\n${code}`);
  }
  const config = `
import { ClosingLineReporter } from '../../closing-line.ts';
export default { test: { root: import.meta.dirname, include: ['*.test.ts'], reporters: [new ClosingLineReporter()] } };`;
  await writeFile(join(folder, 'vitest.config.ts'), config);
  const { code, stdout, output } = await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run'], {
    cwd: folder,
  });
  return { code, lastLine: stdout.trimEnd().split('\n').at(-1), output };
}

const passes = `test('passes', () => expect(1).toBe(1));\n`;

test('counts tests, and says why some were skipped, once', async () => {
  const skips = `test.for([1, 2, 3])('skips %i', (_, { skip }) => skip('no such device'));\n`;
  const { code, lastLine, output } = await runOf({ some: passes + skips, more: passes });
  expect(lastLine).toBe('2 passed, 0 failed, 3 skipped');
  expect(code).toBe(0);
  expect(output).toMatch(/^\s+3 {2}.*some\.test\.ts: no such device$/m);
});

test('counts what failed', async () => {
  const { code, lastLine } = await runOf({ some: `${passes}test('fails', () => expect(1).toBe(2));` });
  expect(lastLine).toBe('1 passed, 1 failed, 0 skipped');
  expect(code).toBe(1);
});

test.each([
  ['a file that does not load', `throw new Error('no');`, '1 passed, 1 failed, 0 skipped'],
  [
    'a hook that fails',
    `beforeAll(() => { throw new Error('no'); });\n${passes}${passes}`,
    '1 passed, 2 failed, 0 skipped',
  ],
  [
    'an error outside any test',
    `${passes}setTimeout(() => { throw new Error('no'); });\ntest('waits', () => new Promise((done) => setTimeout(done, 50)));`,
    '3 passed, 1 failed, 0 skipped',
  ],
])('counts %s as failed', async (_, broken, expected) => {
  const { code, lastLine } = await runOf({ fine: passes, broken });
  expect(lastLine).toBe(expected);
  expect(code).toBe(1);
});
