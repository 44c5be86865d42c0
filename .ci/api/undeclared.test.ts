import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../packed.ts';
import { runToSuccess } from '../run-program.ts';
import { root } from '../workspace.ts';
import { reportedPackages } from './reports.ts';
import { undeclaredChanges } from './undeclared.ts';

test('no public type changes without a changeset', async () => {
  const packages = reportedPackages.map(({ path, manifest }) => ({ path, name: manifest.name }));
  expect(await undeclaredChanges(root, packages)).toEqual([]);
});

describe('a change of a report', () => {
  const packages = [{ path: 'packages/a', name: '@rmsnorm/a' }];
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const write = (path: string, text: string): Promise<void> => writeFile(join(folder.dir, path), text);
  const git = (...args: string[]): Promise<string> =>
    runToSuccess('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], { cwd: folder.dir });
  const commit = async (message: string): Promise<void> => {
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
  };
  const found = (): Promise<string[]> => undeclaredChanges(folder.dir, packages);

  beforeEach(async () => {
    folder = await temporaryFolder('undeclared');
    await mkdir(join(folder.dir, 'packages/a'), { recursive: true });
    await mkdir(join(folder.dir, '.changeset'));
    await git('init', '--quiet', '--initial-branch=main');
    await write('packages/a/package.json', '{ "version": "0.1.0" }');
    await write('packages/a/api.md', 'one\n');
    await commit('First');
  });
  afterEach(() => folder.remove());

  const changeset = (name: string): Promise<void> => write('.changeset/a.md', `---\n"${name}": minor\n---\n\nNew.\n`);

  test('on a branch needs a changeset of its package there', async () => {
    await changeset('@rmsnorm/a');
    await commit('Another change, with its changeset');
    await git('switch', '--quiet', '--create', 'branch');
    expect(await found()).toEqual([]);
    await write('packages/a/api.md', 'two\n');
    await commit('Second');
    expect(await found()).toEqual([
      expect.stringMatching(/^packages\/a\/api\.md differs from \w{9}, and no changeset since names @rmsnorm\/a/),
    ]);
    await write('.changeset/b.md', '---\n"@rmsnorm/b": minor\n---\n\nNew.\n');
    expect(await found()).toHaveLength(1);
    await write('.changeset/c.md', "---\n'@rmsnorm/a': minor\n---\n\nNew.\n");
    expect(await found()).toEqual([]);
  });

  test('on main, since the last release, until the version is raised', async () => {
    await git('tag', '--annotate', 'v0.1.0', '--message', 'v0.1.0');
    await write('packages/a/api.md', 'two\n');
    await commit('Second');
    expect(await found()).toEqual([expect.stringContaining('differs from v0.1.0')]);
    await changeset('@rmsnorm/a');
    await commit('With a changeset');
    expect(await found()).toEqual([]);
    await rm(join(folder.dir, '.changeset/a.md'));
    await write('packages/a/package.json', '{ "version": "0.2.0" }');
    await commit('release: 0.2.0');
    expect(await found()).toEqual([]);
  });

  test('that is not committed', async () => {
    await write('packages/a/api.md', 'two\n');
    expect(await found()).toHaveLength(1);
  });
});
