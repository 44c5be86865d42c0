import { expect, test } from 'vitest';
import { runToSuccess } from '../run-program.ts';

const allowed = [
  '.biome.json',
  '.changeset',
  '.ci',
  '.gitattributes',
  '.github',
  '.gitignore',
  '.pnpmfile.mjs',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'apps',
  'package.json',
  'packages',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'tsconfig.base.json',
  'turbo.json',
  'vitest.config.ts',
];

test('the top level holds only what the whole workspace needs', async () => {
  const listed = await runToSuccess('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z']);
  const entries = new Set(
    listed
      .split('\0')
      .filter(Boolean)
      .map((path) => path.split('/')[0]!),
  );
  const others = [...entries].filter((entry) => !allowed.includes(entry));
  expect(others, 'move these into a package, an app or .ci; or allow them in .ci/checks/top-level.test.ts').toEqual([]);
});
