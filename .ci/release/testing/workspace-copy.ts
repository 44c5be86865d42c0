import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runToSuccess } from '../../run-program.ts';
import { root, workspacePackages } from '../../workspace.ts';
import { recordConsumers, recordTests } from '../test-record.ts';

const leaf = 'packages/cuda-linux-x64-gnu';
export const RELEASE_ARCHITECTURES = ['sm_75', 'sm_80', 'sm_90', 'sm_100', 'sm_120', 'compute_120'];

/** Stands in for the build of the addon; outside of git. */
const STAND_IN = 'build/stand-in.mjs';

/** The workspace as it stands, on the branch main of a repository of its own, whose origin is a bare one beside it. */
export class WorkspaceCopy {
  readonly dir: string;
  readonly #origin: string;

  private constructor(dir: string) {
    this.dir = join(dir, 'workspace');
    this.#origin = join(dir, 'origin.git');
  }

  static async make(dir: string): Promise<WorkspaceCopy> {
    const copy = new WorkspaceCopy(dir);
    await copy.#copySources();
    await copy.#linkDependencies();
    await copy.#takeBuilds();
    await copy.buildsFor(RELEASE_ARCHITECTURES);
    await runToSuccess('git', ['init', '--quiet', '--bare', '--initial-branch=main', copy.#origin]);
    await copy.git('init', '--quiet', '--initial-branch=main');
    await copy.git('config', 'user.name', 'test');
    await copy.git('config', 'user.email', 'test@localhost');
    await copy.git('remote', 'add', 'origin', copy.#origin);
    return copy;
  }

  async git(...args: string[]): Promise<string> {
    return (await runToSuccess('git', args, { cwd: this.dir })).trim();
  }

  /** Commits what changed. */
  async commit(message: string): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
    await this.git('push', '--quiet', 'origin', 'HEAD:main');
  }

  async changeset(name: string, bump: 'minor' | 'patch'): Promise<void> {
    await writeFile(
      join(this.dir, '.changeset', `${name}.md`),
      `---\n'@rmsnorm/core': ${bump}\n---\n\nA change: ${name}.\n`,
    );
  }

  /** As `RMSNORM_WHOLE=1 pnpm test` does, when all tests passed. */
  async tested(): Promise<void> {
    recordTests({ before: await this.git('rev-parse', 'HEAD'), failed: 0, passed: 1, whole: true }, this.dir);
  }

  /** As `pnpm consumers` does, when all worked. */
  async consumed(): Promise<void> {
    recordConsumers({ before: await this.git('rev-parse', 'HEAD'), failed: 0 }, this.dir);
  }

  /** What the build of the addon says that it compiled for; null: it finds no compiler, and says nothing. */
  async buildsFor(architectures: string[] | null): Promise<void> {
    const text = architectures && JSON.stringify(architectures);
    const program = text
      ? `import { writeFileSync } from 'node:fs';\nwriteFileSync('dist/architectures.json', '${text}');\n`
      : '';
    await mkdir(join(this.dir, leaf, 'build'), { recursive: true });
    await writeFile(join(this.dir, leaf, STAND_IN), program);
  }

  async #copySources(): Promise<void> {
    const listed = await runToSuccess('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z']);
    const files = [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)));
    for (const folder of new Set(files.map(dirname))) await mkdir(join(this.dir, folder), { recursive: true });
    await Promise.all(files.map((path) => cp(join(root, path), join(this.dir, path))));
  }

  /** Those of this workspace, and room for a cache of the copy's own. */
  async #linkDependencies(): Promise<void> {
    const ours = join(root, 'node_modules');
    await mkdir(join(this.dir, 'node_modules'));
    for (const name of await readdir(ours)) {
      if (name !== '.cache') await symlink(join(ours, name), join(this.dir, 'node_modules', name));
    }
    for (const { path } of workspacePackages) {
      const modules = join(root, path, 'node_modules');
      // Their links are relative: a package of ours is the copy's.
      if (existsSync(modules))
        await cp(modules, join(this.dir, path, 'node_modules'), { recursive: true, verbatimSymlinks: true });
    }
  }

  /** What is built here is built there, and is not built again. */
  async #takeBuilds(): Promise<void> {
    for (const { path } of workspacePackages) {
      const file = join(this.dir, path, 'package.json');
      const manifest = JSON.parse(await readFile(file, 'utf8')) as { scripts?: Record<string, string> };
      if (!manifest.scripts?.build) continue;
      manifest.scripts.build = path === leaf ? `node ${STAND_IN}` : 'node --version';
      await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
      for (const built of ['dist', 'src/generated'].filter((name) => existsSync(join(root, path, name))))
        await cp(join(root, path, built), join(this.dir, path, built), { recursive: true });
    }
    // A machine without nvcc has none, and the release packs what is there.
    const addon = join(this.dir, leaf, 'dist/rmsnorm-cuda.node');
    await mkdir(dirname(addon), { recursive: true });
    if (!existsSync(addon)) await writeFile(addon, 'a stand-in');
  }
}
