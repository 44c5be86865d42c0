import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, runToSuccess } from '../run-program.ts';
import { publishedPackages, readManifest, root } from '../workspace.ts';
import { git, gitOrNull } from './git.ts';
import { Refusal } from './refusal.ts';
import { sizesFile } from './sizes.ts';

/** All that a release writes into the tree. */
const written = [':(glob)*/*/package.json', ':(glob)*/*/CHANGELOG.md', '.changeset', sizesFile];

/** The lines of a manifest that it changes. */
const VERSION_LINE = /^[+-]\s+"(version|@rmsnorm\/[\w-]+)": "[\w.^>=-]+",?$/;

/** There from before versions are written until they are committed or taken back: by it the next run knows what a killed one left. */
const journal = join(root, 'node_modules/.cache/rmsnorm/versioning');

/** The one version of all published packages. */
function currentVersion(): string {
  const versions = new Map(publishedPackages.map(({ dir, path }) => [readManifest(dir).version, path]));
  if (versions.size === 1) return [...versions.keys()][0]!;
  throw new Refusal(
    `packages are not of one version: ${[...versions].map(([v, path]) => `${v} (${path})`).join(', ')}`,
  );
}

/** Whether there is anything to release. */
export function hasChangesets(): boolean {
  return readdirSync(join(root, '.changeset')).some((name) => name.endsWith('.md') && name !== 'README.md');
}

/** Turns the changesets into versions and changelogs, in the tree. */
export async function raiseVersions(commit: string, options: { canary: boolean }): Promise<string> {
  const before = currentVersion();
  mkdirSync(dirname(journal), { recursive: true });
  writeFileSync(journal, commit);
  const changeset = join(root, 'node_modules/@changesets/cli/bin.js');
  const { code, output } = await run(process.execPath, [
    changeset,
    'version',
    ...(options.canary ? ['--snapshot', 'canary'] : []),
  ]);
  if (code !== 0) throw new Refusal(`changeset version failed:\n${output}`);
  const version = currentVersion();
  if (version === before)
    throw new Refusal(`the changesets raise no version above ${before}: name a package that is published`);
  return version;
}

/** What a commit holds that no release writes. */
export async function othersIn(commit: string, parent: string): Promise<string[]> {
  const all = await git('diff', '--name-only', parent, commit);
  const ofRelease = (await git('diff', '--name-only', parent, commit, '--', ...written)).split('\n');
  const others = all.split('\n').filter((path) => !ofRelease.includes(path));
  const manifests = await git('diff', '--unified=0', parent, commit, '--', ':(glob)*/*/package.json');
  const lines = manifests.split('\n').filter((line) => /^[+-](?!\+\+ |-- )/.test(line));
  return [...others, ...lines.filter((line) => !VERSION_LINE.test(line))];
}

/** Puts the tree back to what it was before versions were written. */
export async function takeBackVersions(): Promise<void> {
  const changed = (await runToSuccess('git', ['status', '--porcelain', '-z', '--no-renames', '--', ...written]))
    .split('\0')
    .filter(Boolean);
  for (const entry of changed) {
    const path = entry.slice(3);
    if (entry.startsWith('??')) rmSync(join(root, path));
    else await git('restore', '--staged', '--worktree', '--', path);
  }
  rmSync(journal, { force: true });
}

/** What a run that was killed left of versions in the tree. */
export async function takeBackUnfinished(): Promise<void> {
  if (!existsSync(journal)) return;
  if (readFileSync(journal, 'utf8') === (await git('rev-parse', 'HEAD'))) {
    console.log('An earlier run was stopped while it wrote versions: takes them back.');
    await takeBackVersions();
  } else {
    // It came as far as its commit.
    rmSync(journal);
  }
}

/** Commits versions, changelogs and sizes. Gives the commit. */
export async function commitVersions(version: string): Promise<string> {
  await git('add', '--all', '--', ...written);
  await git('commit', '--quiet', '--message', `release: ${version}`);
  rmSync(journal, { force: true });
  return git('rev-parse', 'HEAD');
}

export interface BegunRelease {
  version: string;
  commit: string;
  /** That the release was made from, and that was tested. */
  parent: string | null;
  /** Only a release that is whole gets its tag. */
  isDone: boolean;
}

/** The last commit that is a release. */
export async function lastRelease(): Promise<BegunRelease | null> {
  const line = await git(
    'log',
    '--max-count=1',
    '--extended-regexp',
    '--grep=^release: [0-9]+\\.[0-9]+\\.[0-9]+$',
    '--format=%H %P',
  );
  if (line === '') return null;
  const [commit, parent = null] = line.split(' ') as [string, string?];
  const version = (await git('show', '--no-patch', '--format=%s', commit)).slice('release: '.length);
  const tag = await gitOrNull('rev-parse', '--quiet', '--verify', `refs/tags/v${version}`);
  return { version, commit, parent, isDone: tag !== null };
}
