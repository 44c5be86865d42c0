import { join } from 'node:path';
import { type Tarball, temporaryFolder } from '../packed.ts';
import { run } from '../run-program.ts';
import { exitOnSignals } from '../signals.ts';
import { publishedPackages, root } from '../workspace.ts';
import { forgetCudaBuild, requireCudaForAll } from './cuda-build.ts';
import { git, gitOrNull, push } from './git.ts';
import { parseOptions, type ReleaseOptions, usage } from './options.ts';
import { requireCleanMain, requireTested, requireTestedRelease } from './preflight.ts';
import { findAll, publishMissing, type Release, requireAll } from './publish.ts';
import { Refusal } from './refusal.ts';
import { Registry } from './registry.ts';
import { readSizes, sizesAfter, writeSizes } from './sizes.ts';
import { bytesOf, packRelease } from './tarballs.ts';
import {
  commitVersions,
  hasChangesets,
  lastRelease,
  raiseVersions,
  takeBackUnfinished,
  takeBackVersions,
} from './versions.ts';

const names = publishedPackages.map(({ manifest }) => manifest.name);

const nothingNew = 'there is no changeset, and so nothing new to release: pnpm changeset writes one';

/** @returns the exit code */
export async function main(args: string[]): Promise<number> {
  exitOnSignals();
  try {
    const options = parseOptions(args);
    if (options) await release(options);
    else console.log(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(`\nrelease: ${error.message}`);
    return 1;
  }
}

async function release(options: ReleaseOptions): Promise<void> {
  await takeBackUnfinished();
  await requireCleanMain();
  const head = await git('rev-parse', 'HEAD');
  const registry = new Registry(options.registry);
  const folder = await temporaryFolder('release');
  try {
    if (options.canary) await canary(head, options, registry, folder.dir);
    else await full(head, options, registry, folder.dir);
  } finally {
    await folder.remove();
  }
}

/** Goes on with a release that was begun at this commit, or begins one. */
async function full(head: string, options: ReleaseOptions, registry: Registry, dir: string): Promise<void> {
  const last = await lastRelease();
  if (last && !last.isDone && last.commit !== head) {
    throw new Refusal(
      `${last.version} (${last.commit.slice(0, 9)}) was begun and has no tag: finish it first, in a clone of its own: ` +
        `git switch main && git reset --hard ${last.commit.slice(0, 9)} && pnpm install && bash .ci/run && pnpm consumers && pnpm release`,
    );
  }
  if (last?.isDone && last.commit === head) {
    // An earlier run may have been stopped between the tag and this.
    await push(`refs/tags/v${last.version}`);
    console.log(`${last.version} is released, and nothing came after it.`);
    return;
  }
  const begun = last && !last.isDone ? last : null;
  if (begun) {
    console.log(`Goes on with ${begun.version}`);
    await requireTestedRelease(begun);
  } else {
    if (!hasChangesets()) throw new Refusal(nothingNew);
    requireTested(head, options);
  }
  await registry.requireUser();
  await build();
  const { version, commit } = begun ?? (await versioned(head, options, registry, dir));
  // Before anything is published, so that any clone can go on.
  if ((await gitOrNull('merge-base', '--is-ancestor', commit, 'origin/main')) === null) await push('HEAD:main');
  await publish(await packRelease(dir, commit), { version, commit, tag: 'latest' }, registry);
  await git('tag', '--annotate', `v${version}`, '--message', `v${version}`, commit);
  await push(`refs/tags/v${version}`);
  console.log(`\n${version} is released: ${names.length} packages, tag v${version}`);
}

/** Versions, changelogs and sizes in a commit of their own, once everything is known to be in order; else the tree stays as it was. */
async function versioned(
  head: string,
  options: ReleaseOptions,
  registry: Registry,
  dir: string,
): Promise<{ version: string; commit: string }> {
  try {
    const version = await raiseVersions(head, { canary: false });
    await findAll(names, { version, commit: head }, registry);
    writeSizes(sizesAfter(readSizes(), bytesOf(await packRelease(dir)), options.grew));
    await check();
    return { version, commit: await commitVersions(version) };
  } catch (error) {
    await takeBackVersions();
    throw error;
  }
}

/** Versions that exist in tarballs alone. They are named for the commit, so that a second run knows them. */
async function canary(head: string, options: ReleaseOptions, registry: Registry, dir: string): Promise<void> {
  if (!hasChangesets()) {
    console.log(nothingNew);
    return;
  }
  requireTested(head, options);
  await registry.requireUser();
  await build();
  let version: string;
  let tarballs: Tarball[];
  try {
    version = await raiseVersions(head, { canary: true });
    tarballs = await packRelease(dir, head);
    sizesAfter(readSizes(), bytesOf(tarballs), options.grew);
  } finally {
    await takeBackVersions();
  }
  await publish(tarballs, { version, commit: head, tag: 'canary' }, registry);
  console.log(`\n${version} is released, as canary: npm install @rmsnorm/core@canary`);
}

async function publish(tarballs: Tarball[], release: Release, registry: Registry): Promise<void> {
  const published = await publishMissing(tarballs, release, registry);
  await requireAll(published, release, registry);
}

/** For every generation of GPUs; what is built already is not built again. */
async function build(): Promise<void> {
  console.log('Builds');
  forgetCudaBuild();
  const env = { ...process.env, RMSNORM_CUDA_ARCHS: 'release', TURBO_TELEMETRY_DISABLED: '1' };
  const { code, output } = await run(process.execPath, [join(root, 'node_modules/turbo/bin/turbo'), 'run', 'build'], {
    env,
  });
  if (code !== 0) throw new Refusal(`the build failed, and nothing was published:\n${output}`);
  requireCudaForAll();
}

/** The tests on packed tarballs, with the versions that are about to be published. */
async function check(): Promise<void> {
  console.log('Checks what is packed');
  const { code, output } = await run(process.execPath, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    'checks',
    '.ci/checks/packed.test.ts',
    '.ci/checks/metadata.test.ts',
  ]);
  if (code !== 0) throw new Refusal(`the checks of the packed packages failed, and nothing was published:\n${output}`);
}
