import { realpathSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm, runToSuccess } from './run-program.ts';
import { listPacked } from './tar.ts';
import { publishedPackages, type WorkspacePackage } from './workspace.ts';

export interface Tarball {
  pkg: WorkspacePackage;
  path: string;
  /** Paths inside the package, as in `dist/index.js`. */
  files: string[];
}

/** Windows deletes no folder in which a process has just ended. */
const RETRIES = 5;

/**
 * A folder below the system's temporary one, by its real path: macOS has a link there, Windows a short name, and bundlers compare paths.
 */
export async function temporaryFolder(name: string): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(realpathSync.native(tmpdir()), `rmsnorm-${name}-`));
  const options = { recursive: true, force: true, maxRetries: RETRIES };
  // Where the process ends before; see signals.ts.
  const atExit = (): void => rmSync(dir, options);
  process.once('exit', atExit);
  return {
    dir,
    remove: async () => {
      await rm(dir, options);
      process.off('exit', atExit);
    },
  };
}

/** Packs every published package into `dir`, as a release does; `env` is what it sets for .pnpmfile.mjs. */
export function packAll(dir: string, env: Record<string, string> = {}): Promise<Tarball[]> {
  const [command, ...args] = pnpm;
  return Promise.all(
    publishedPackages.map(async (pkg) => {
      const name = pkg.manifest.name.replace('@', '').replace('/', '-');
      const path = join(dir, `${name}.tgz`);
      await runToSuccess(command, [...args, '--dir', pkg.dir, 'pack', '--out', path], { env });
      return { pkg, path, files: await listPacked(path) };
    }),
  );
}
