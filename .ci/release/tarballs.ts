import { statSync } from 'node:fs';
import { packAll, type Tarball } from '../packed.ts';

const ours = ({ pkg }: Tarball): string[] => {
  const { dependencies, optionalDependencies } = pkg.manifest;
  return Object.keys({ ...dependencies, ...optionalDependencies });
};

/** Each after what it depends on, so that whoever installs while a release goes on finds all of it. */
function inOrder(tarballs: Tarball[]): Tarball[] {
  const byName = new Map(tarballs.map((tarball) => [tarball.pkg.manifest.name, tarball]));
  const order = new Set<Tarball>();
  const visit = (tarball: Tarball): void => {
    for (const name of ours(tarball)) {
      const dependency = byName.get(name);
      if (dependency && !order.has(dependency)) visit(dependency);
    }
    order.add(tarball);
  };
  for (const tarball of tarballs) visit(tarball);
  return [...order];
}

/** What is published: with the commit in it, as `gitHead`, where one is given. */
export async function packRelease(dir: string, commit?: string): Promise<Tarball[]> {
  return inOrder(await packAll(dir, commit === undefined ? {} : { RMSNORM_RELEASE_COMMIT: commit }));
}

export function bytesOf(tarballs: Tarball[]): Record<string, number> {
  return Object.fromEntries(tarballs.map(({ pkg, path }) => [pkg.manifest.name, statSync(path).size]));
}
