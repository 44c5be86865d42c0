import { existsSync } from 'node:fs';
import { cp, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pack } from './tar.ts';
import { publishedPackages, readManifest } from './workspace.ts';

/** Where `name` is installed, as seen from the package in `dir`. */
async function installedAt(dir: string, name: string): Promise<string> {
  const folders = createRequire(join(dir, 'package.json')).resolve.paths(name) ?? [];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(join(path, 'package.json')));
  if (!found) throw new Error(`${name}, a dependency of ${dir}, is not installed: pnpm install`);
  return realpath(found);
}

/** Everything of others that a user gets with our published packages: folders by name. */
async function dependenciesOfOthers(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (dir: string): Promise<void> => {
    for (const name of Object.keys(readManifest(dir).dependencies ?? {})) {
      if (name.startsWith('@rmsnorm/')) continue;
      const path = await installedAt(dir, name);
      const known = found.get(name);
      if (known === path) continue;
      if (known) throw new Error(`two versions of ${name} would be installed with our packages: ${known} and ${path}`);
      found.set(name, path);
      await visit(path);
    }
  };
  for (const { dir } of publishedPackages) await visit(dir);
  return found;
}

/**
 * Packs what our packages depend on out of the workspace's own node_modules, so that a project outside the workspace can be installed
 * without a network. Gives the tarballs by package name.
 */
export async function packDependenciesOfOthers(dir: string): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>();
  for (const [name, folder] of await dependenciesOfOthers()) {
    const parent = join(dir, name.replace('/', '-'));
    await cp(folder, join(parent, 'package'), { recursive: true, dereference: true });
    tarballs.set(name, await pack(parent));
  }
  return tarballs;
}
