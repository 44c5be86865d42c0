import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  /** Of a package that is a binary for one system. */
  os?: string[];
  exports?: Record<string, unknown>;
  bin?: Record<string, string>;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface WorkspacePackage {
  /** As in `packages/core`. */
  path: string;
  dir: string;
  manifest: Manifest;
}

export const root: string = fileURLToPath(new URL('..', import.meta.url));

export function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest;
}

export const workspacePackages: WorkspacePackage[] = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => {
    const dir = join(root, parent, name);
    return { path: `${parent}/${name}`, dir, manifest: readManifest(dir) };
  }),
);

export const publishedPackages: WorkspacePackage[] = workspacePackages.filter(({ manifest }) => !manifest.private);

/** The files below one folder of a package, as absolute paths; none where the folder is missing. */
export function filesIn({ dir }: WorkspacePackage, folder: string): string[] {
  try {
    return readdirSync(join(dir, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
