import { changedPaths, git } from './git.ts';
import { Refusal } from './refusal.ts';
import { commitThatConsumersTook, readTestRecord } from './test-record.ts';
import { type BegunRelease, othersIn } from './versions.ts';

/** Refuses a tree with changes, and a branch that is not main. */
export async function requireCleanMain(): Promise<void> {
  const branch = await git('rev-parse', '--abbrev-ref', 'HEAD');
  if (branch !== 'main') throw new Refusal(`this is ${branch}, and releases are made of main: git switch main`);
  const changed = await changedPaths();
  if (changed !== '')
    throw new Refusal(`the tree differs from its last commit; commit it, or git stash it:\n${changed}`);
}

/**
 * Refuses a commit whose tests did not pass here: all of them, and all consumers, for a release; those of `pnpm test` for a
 * canary.
 */
export function requireTested(commit: string, options: { canary: boolean }): void {
  const record = readTestRecord();
  const line = options.canary ? 'pnpm test' : 'RMSNORM_WHOLE=1 pnpm test, or bash .ci/run';
  if (record?.commit !== commit) {
    const last = record ? `the last that passed was of ${record.commit.slice(0, 9)}` : 'there is none';
    throw new Refusal(`no green run of the tests of ${commit.slice(0, 9)} here, ${last}: ${line}`);
  }
  if (!options.canary && !record.whole)
    throw new Refusal(
      `only the short run of the tests of ${commit.slice(0, 9)} passed, and a release needs all: ${line}`,
    );
  if (!options.canary && commitThatConsumersTook() !== commit)
    throw new Refusal(`no run of all consumers of ${commit.slice(0, 9)} here in which all worked: pnpm consumers`);
}

/** A release that was begun: the tests of the commit before it count, as a release writes versions alone; or its own. */
export async function requireTestedRelease({ version, commit, parent }: BegunRelease): Promise<void> {
  if (parent === null || readTestRecord()?.commit !== parent) return requireTested(commit, { canary: false });
  requireTested(parent, { canary: false });
  const others = await othersIn(commit, parent);
  if (others.length === 0) return;
  throw new Refusal(
    `release: ${version} (${commit.slice(0, 9)}) holds more than versions, changelogs and sizes, which was not tested:\n${others.join('\n')}`,
  );
}
