import { setTimeout } from 'node:timers/promises';
import type { Tarball } from '../packed.ts';
import { Refusal } from './refusal.ts';
import type { Found, Registry } from './registry.ts';

type Lookup = Pick<Registry, 'find'>;

export interface Release {
  version: string;
  commit: string;
  tag: 'latest' | 'canary';
}

/** What of a release the registry has, by package. Refuses a version that something else has taken. */
export async function findAll(
  names: string[],
  { version, commit }: Pick<Release, 'version' | 'commit'>,
  registry: Lookup,
): Promise<Map<string, Found>> {
  const found = new Map(
    await Promise.all(names.map(async (name) => [name, await registry.find(name, version, commit)] as const)),
  );
  const taken = [...found].flatMap(([name, { state, ...other }]) =>
    state === 'other'
      ? [
          `  ${name}@${version}, from ${'commit' in other && other.commit ? other.commit.slice(0, 9) : 'an unknown commit'}`,
        ]
      : [],
  );
  if (taken.length === 0) return found;
  throw new Refusal(
    `the registry has these already, and not from ${commit.slice(0, 9)}:\n${taken.join('\n')}\n` +
      `A version is published once. Add a changeset, and release the next one; for what was published in part by mistake: npm deprecate.`,
  );
}

const list = (names: string[]): string => names.map((name) => `  ${name}\n`).join('');

/**
 * Publishes what is missing, in order; the first failure ends it, and says what is there and what is not.
 * @returns the packages that it published
 */
export async function publishMissing(
  tarballs: Tarball[],
  release: Release,
  registry: Lookup & Pick<Registry, 'publish'>,
): Promise<string[]> {
  const names = tarballs.map(({ pkg }) => pkg.manifest.name);
  const before = await findAll(names, release, registry);
  const there = names.filter((name) => before.get(name)!.state === 'ours');
  if (there.length > 0) console.log(`Published before:\n${list(there)}`);
  for (const { pkg, path } of tarballs) {
    const { name } = pkg.manifest;
    if (there.includes(name)) continue;
    const failure = await registry.publish(path, release.tag);
    // A registry that fails to answer may have taken it all the same.
    if (failure !== null && !(await isThere(name, release, registry))) {
      const missing = names.filter((other) => !there.includes(other));
      throw new Refusal(
        `${name}@${release.version} was not published: ${failure}\n\nPublished of ${release.version}:\n${list(there) || '  nothing\n'}` +
          `Missing:\n${list(missing)}The same command goes on from here.`,
      );
    }
    there.push(name);
    console.log(`Published ${name}@${release.version}`);
  }
  return names.filter((name) => before.get(name)!.state === 'missing');
}

async function isThere(name: string, { version, commit }: Release, registry: Lookup): Promise<boolean> {
  try {
    return (await registry.find(name, version, commit)).state === 'ours';
  } catch {
    // It cannot be asked either.
    return false;
  }
}

/** Sees that all packages can be had in the version. A registry may take a while to show what it took. */
export async function requireAll(
  names: string[],
  release: Release,
  registry: Lookup,
  pauses = [0, 2, 5, 10, 20, 30],
): Promise<void> {
  let missing: string[] = names;
  for (const seconds of pauses) {
    await setTimeout(seconds * 1000);
    const found = await findAll(missing, release, registry);
    missing = missing.filter((name) => found.get(name)!.state !== 'ours');
    if (missing.length === 0) return;
  }
  throw new Refusal(
    `the registry took these and does not show them yet, so ${release.version} has no git tag:\n${list(missing)}The same command looks again.`,
  );
}
