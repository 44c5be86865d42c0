import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../packed.ts';
import { runToSuccess } from '../run-program.ts';
import { type Manifest, root, workspacePackages } from '../workspace.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('changesets');
});
afterEach(() => folder.remove());

const git = (...args: string[]): Promise<string> =>
  runToSuccess('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], { cwd: folder.dir });

/** The versions after `changeset version`, of one changeset. */
async function versionsAfter(bump: 'patch' | 'minor', name: string): Promise<Record<string, string>> {
  const copied = [
    'package.json',
    'pnpm-workspace.yaml',
    '.changeset/config.json',
    ...workspacePackages.map(({ path }) => `${path}/package.json`),
  ];
  for (const file of copied) {
    await mkdir(join(folder.dir, file, '..'), { recursive: true });
    await cp(join(root, file), join(folder.dir, file));
  }
  await writeFile(join(folder.dir, '.changeset/a-change.md'), `---\n'${name}': ${bump}\n---\n\nA change.\n`);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'A change');
  await runToSuccess(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], {
    cwd: folder.dir,
  });
  const versions = workspacePackages.map(async ({ path }) => {
    const manifest = JSON.parse(await readFile(join(folder.dir, path, 'package.json'), 'utf8')) as Manifest;
    return [manifest.name, manifest.version] as const;
  });
  return Object.fromEntries(await Promise.all(versions));
}

// cuda is an optional peer of cli: changesets would make that a major change, and 1.0.0 of everything.
test.each(['@rmsnorm/core', '@rmsnorm/cuda'])(
  'a minor change of %s raises every package to the same version, below 1.0',
  async (name) => {
    const before = new Set(workspacePackages.map(({ manifest }) => manifest.version));
    expect(before.size, 'all packages start from one version').toBe(1);
    const [, minor] = [...before][0]!.split('.').map(Number);
    const expected = `0.${minor! + 1}.0`;
    const versions = await versionsAfter('minor', name);
    expect(versions).toEqual(Object.fromEntries(workspacePackages.map(({ manifest }) => [manifest.name, expected])));
  },
);
