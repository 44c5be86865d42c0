import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run-program.ts';
import { reportOf } from './reports.ts';

interface Reported {
  path: string;
  name: string;
}

/** Null where git says no, as for what is not there. */
async function git(dir: string, ...args: string[]): Promise<string | null> {
  const { code, stdout } = await run('git', args, { cwd: dir });
  return code === 0 ? stdout.trim() : null;
}

/** What to compare with: where the branch left main, which on main is its last commit; and the last release. */
async function bases(dir: string): Promise<string[]> {
  const main = (await git(dir, 'merge-base', 'HEAD', 'main')) ?? (await git(dir, 'merge-base', 'HEAD', 'origin/main'));
  const tag = await git(dir, 'describe', '--tags', '--match', 'v[0-9]*', '--abbrev=0');
  return [main ?? 'HEAD', ...(tag ? [tag] : [])];
}

/** The packages named by changesets that came or changed since `base`, committed or not. */
async function declaredSince(dir: string, base: string): Promise<Set<string>> {
  const changed = (await git(dir, 'diff', '--name-only', '--diff-filter=AM', base, '--', '.changeset')) ?? '';
  const untracked = (await git(dir, 'ls-files', '--others', '--exclude-standard', '--', '.changeset')) ?? '';
  const notes = `${changed}\n${untracked}`.split('\n').filter((path) => path.endsWith('.md'));
  const named = notes.flatMap((path) => {
    const [, head = ''] = /^---\n([\s\S]*?)\n---/.exec(readFileSync(join(dir, path), 'utf8')) ?? [];
    return [...head.matchAll(/^["']?([^"':]+)["']?:/gm)].map(([, name]) => name!);
  });
  return new Set(named);
}

const versionIn = (manifest: string): string => (JSON.parse(manifest) as { version: string }).version;

/** Packages whose report changed while no changeset says so: a line each. */
export async function undeclaredChanges(dir: string, packages: Reported[]): Promise<string[]> {
  const found: string[] = [];
  for (const base of await bases(dir)) {
    const declared = await declaredSince(dir, base);
    for (const pkg of packages) {
      const report = reportOf(pkg);
      const before = await git(dir, 'show', `${base}:${report}`);
      // Nothing was promised yet.
      if (before === null) continue;
      const now = existsSync(join(dir, report)) ? readFileSync(join(dir, report), 'utf8').trim() : '';
      if (now === before || declared.has(pkg.name)) continue;
      // A version that was raised took its changesets with it.
      const manifest = await git(dir, 'show', `${base}:${pkg.path}/package.json`);
      const version = versionIn(readFileSync(join(dir, pkg.path, 'package.json'), 'utf8'));
      if (manifest !== null && versionIn(manifest) !== version) continue;
      found.push(
        `${report} differs from ${base.slice(0, 9)}, and no changeset since names ${pkg.name}: pnpm changeset`,
      );
    }
  }
  return found;
}
