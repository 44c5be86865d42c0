import { publishedPackages } from '../workspace.ts';

/** Where our packages come from, by name and version. All others come from npm's own registry. */
export interface Source {
  readonly registry: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Our packages in the versions that this workspace has. */
export const versions: Source['versions'] = Object.fromEntries(
  publishedPackages.map(({ manifest }) => [manifest.name, manifest.version]),
);
