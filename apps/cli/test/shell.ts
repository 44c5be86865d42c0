import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';

/** Of a test's context. */
type Skip = (reason: string) => void;

/** Skips a test that runs this line of bash where the system cannot. */
export function requireShell(skip: Skip, line = ''): void {
  requireUnix(skip, 'bash, whose pipes and redirections this is about');
  if (line.includes('/dev/full') && !existsSync('/dev/full'))
    skip('no /dev/full here, which stands for a disk that is full: Linux has it');
}

/** Skips a test of what Windows does not have. */
export function requireUnix(skip: Skip, what: string): void {
  if (process.platform === 'win32') skip(`not on Windows, which has no ${what}`);
}

/** Makes a symbolic link, or skips the test: on Windows only administrators and developers may. */
export function makeLink(skip: Skip, target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (process.platform !== 'win32' || (error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    skip('Windows lets this user make no symbolic links');
  }
}

/** Makes a named pipe. */
export function makePipe(skip: Skip, path: string): void {
  requireUnix(skip, 'pipes that lie among files');
  execFileSync('mkfifo', [path]);
}
