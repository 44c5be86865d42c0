import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packAll, type Tarball, temporaryFolder } from '../packed.ts';
import { readPacked } from '../tar.ts';
import { type Manifest, publishedPackages, root, workspacePackages } from '../workspace.ts';

interface Metadata extends Manifest {
  keywords?: string[];
  homepage?: string;
  bugs?: string;
  author?: string;
  repository?: { type: string; url: string; directory?: string };
  gitHead?: string;
  files: string[];
}

const metadataOf = (dir: string): Metadata => JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Metadata;

/** The root's manifest is where the address of the repository stands. */
const workspace = metadataOf(root);
const address = workspace.repository!.url.replace(/^git\+/, '').replace(/\.git$/, '');
const privateNames = workspacePackages.filter(({ manifest }) => manifest.private).map(({ manifest }) => manifest.name);

describe.each(publishedPackages.map((pkg) => [pkg.path, pkg] as const))('%s', (path, { dir }) => {
  test('says where it is from, as the root does', () => {
    const { homepage, bugs, repository, author, keywords, license, files } = metadataOf(dir) as Metadata & {
      license: string;
    };
    expect({ homepage, bugs, repository, author, license }).toEqual({
      homepage: `${address}/tree/main/${path}#readme`,
      bugs: `${address}/issues`,
      repository: { ...workspace.repository, directory: path },
      author: workspace.author,
      license: 'MIT',
    });
    expect(keywords).toContain('rmsnorm');
    expect(keywords!.length).toBeGreaterThan(4);
    expect(files).toContain('CHANGELOG.md');
  });
});

describe('packed', () => {
  const commit = 'c'.repeat(40);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let tarballs: Tarball[];
  beforeAll(async () => {
    folder = await temporaryFolder('metadata');
    tarballs = await packAll(folder.dir, { RMSNORM_RELEASE_COMMIT: commit });
  });
  afterAll(() => folder.remove());

  test('no manifest has what serves the workspace alone, and each says its commit', async () => {
    for (const tarball of tarballs) {
      const text = await readPacked(tarball.path, 'package.json');
      const packed = JSON.parse(text) as Metadata;
      expect(packed.gitHead).toBe(commit);
      expect(Object.keys(packed).filter((key) => /^(devDependencies|scripts|publishConfig)$/.test(key))).toEqual([]);
      expect(text).not.toMatch(/workspace:|catalog:/);
      for (const name of privateNames) expect(text).not.toContain(`"${name}"`);
    }
  });

  // npm shows a README by itself: what it links to is on the web, in the tarball, or a heading of its own.
  test('the links of every README work without the repository', async () => {
    const broken: string[] = [];
    let links = 0;
    for (const tarball of tarballs) {
      const text = (await readPacked(tarball.path, 'README.md')).replace(/^```[\s\S]*?^```$/gm, '');
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        links++;
        const local = posix.normalize(target!.replace(/#.*/, ''));
        const isPacked = tarball.files.some((file) => file === local || file.startsWith(`${local}/`));
        if (!/^https:/.test(target!) && !target!.startsWith('#') && !isPacked)
          broken.push(`${tarball.pkg.path}: ${target}`);
      }
    }
    expect(links).toBeGreaterThan(20);
    expect(broken, 'link to the repository by its address, or pack the file').toEqual([]);
  });

  test('no map, as its sources are not packed', () => {
    const maps = tarballs.flatMap(({ pkg, files }) =>
      files.filter((file) => file.endsWith('.map')).map((file) => `${pkg.path}: ${file}`),
    );
    expect(maps).toEqual([]);
  });
});
