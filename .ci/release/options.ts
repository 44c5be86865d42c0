import { parseArgs } from 'node:util';
import { Refusal } from './refusal.ts';

export interface ReleaseOptions {
  /** Snapshot versions of this commit, under the dist-tag `canary`; nothing is committed or tagged. */
  canary: boolean;
  /** Why a tarball may be more than a tenth larger than at the last release. */
  grew: string | undefined;
  /** Where npm's own settings are not meant. */
  registry: string | undefined;
}

export const usage = `pnpm release [--canary] [--grew WHY] [--registry URL]

Raises the versions by the changesets, writes the changelogs, builds, checks, commits, publishes and tags. Whatever stops it, the same
command goes on later, and publishes nothing twice.

  --canary        publishes snapshots of this commit under the tag canary; commits and tags nothing
  --grew WHY      accepts that a tarball grew by more than 10 %; WHY is kept in .ci/release/sizes.json
  --registry URL  instead of the one that npm is set to`;

/** Null: the usage was asked for. */
export function parseOptions(args: string[]): ReleaseOptions | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        canary: { type: 'boolean', default: false },
        grew: { type: 'string' },
        registry: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return null;
    if (values.grew?.trim() === '') throw new Error('--grew is followed by the reason');
    return { canary: values.canary, grew: values.grew, registry: values.registry };
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`);
  }
}
