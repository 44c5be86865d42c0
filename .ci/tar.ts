import { basename, dirname } from 'node:path';
import { runToSuccess } from './run-program.ts';

// Tarballs are named without their folder, as GNU's tar takes the C of C:\ for another machine.

/** The paths of a package's files in its tarball, as in `dist/index.js`. */
export async function listPacked(tarball: string): Promise<string[]> {
  const listing = await runToSuccess('tar', ['-tzf', basename(tarball)], { cwd: dirname(tarball) });
  return listing
    .trim()
    .split(/\r?\n/)
    .map((file) => file.replace(/^package\//, ''));
}

/** The text of a file in it. */
export function readPacked(tarball: string, file: string): Promise<string> {
  return runToSuccess('tar', ['-xzOf', basename(tarball), `package/${file}`], { cwd: dirname(tarball) });
}

/** Packs the folder `package` that lies in `parent` into `parent`.tgz, and gives that path. */
export async function pack(parent: string): Promise<string> {
  const name = basename(parent);
  // Else the tar of macOS adds files with what its file system knows of others.
  const env = { COPYFILE_DISABLE: '1' };
  await runToSuccess('tar', ['-czf', `${name}.tgz`, '-C', name, 'package'], { cwd: dirname(parent), env });
  return `${parent}.tgz`;
}
