import { run, runToSuccess } from '../run-program.ts';
import { Refusal } from './refusal.ts';

export async function git(...args: string[]): Promise<string> {
  return (await runToSuccess('git', args)).trim();
}

/** Null where git says no. */
export async function gitOrNull(...args: string[]): Promise<string | null> {
  const { code, stdout } = await run('git', args);
  return code === 0 ? stdout.trim() : null;
}

/** What differs from HEAD, a path a line; empty: nothing. */
export const changedPaths = (): Promise<string> => git('status', '--porcelain');

const hasOrigin = async (): Promise<boolean> => (await gitOrNull('remote', 'get-url', 'origin')) !== null;

/** A release that only this machine knows could be continued nowhere else; without an `origin` there is nowhere else. */
export async function push(...refs: string[]): Promise<void> {
  if (!(await hasOrigin())) return;
  const { code, output } = await run('git', ['push', '--quiet', 'origin', ...refs]);
  if (code === 0) return;
  throw new Refusal(
    `git push origin ${refs.join(' ')} failed:\n${output}\n\nWhat was published until now stays. Where origin was out of reach, run the same ` +
      `command again. Where main has moved there, and nothing was published yet: git reset --hard origin/main, test, and release that.`,
  );
}
