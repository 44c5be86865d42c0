import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../workspace.ts';

/** That all tests passed, and on which commit. `pnpm test` writes it, outside of git; a release asks for it. */
export interface TestRecord {
  commit: string;
  /** With what repeats tests in other environments (RMSNORM_WHOLE). */
  whole: boolean;
  passed: number;
}

const recordOf = (dir: string): string => join(dir, 'node_modules/.cache/rmsnorm/tested.json');
const consumersOf = (dir: string): string => join(dir, 'node_modules/.cache/rmsnorm/consumers.json');

function git(dir: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** The commit that a tree without changes holds. */
export function cleanCommit(dir: string = root): string | null {
  try {
    return git(dir, 'status', '--porcelain') === '' ? git(dir, 'rev-parse', 'HEAD') : null;
  } catch {
    // No git, or no commit.
    return null;
  }
}

export function readTestRecord(dir: string = root): TestRecord | null {
  try {
    return JSON.parse(readFileSync(recordOf(dir), 'utf8')) as TestRecord;
  } catch {
    return null;
  }
}

/** After a run of all tests that began on `before`. A run that failed takes back what an earlier one said of this commit. */
export function recordTests(
  { before, failed, whole, passed }: { before: string | null; failed: number; whole: boolean; passed: number },
  dir: string = root,
): void {
  if (before === null || cleanCommit(dir) !== before) return;
  const earlier = readTestRecord(dir);
  if (failed > 0) {
    if (earlier?.commit === before) rmSync(recordOf(dir));
    return;
  }
  // A short run says nothing against a whole one.
  if (earlier?.commit === before && earlier.whole && !whole) return;
  const record: TestRecord = { commit: before, whole, passed };
  write(recordOf(dir), record);
}

/** The commit of which all consumers worked here (`pnpm consumers`), or null. */
export function commitThatConsumersTook(dir: string = root): string | null {
  try {
    return (JSON.parse(readFileSync(consumersOf(dir), 'utf8')) as { commit: string }).commit;
  } catch {
    return null;
  }
}

/** After a run of all consumers that began on `before`. */
export function recordConsumers(
  { before, failed }: { before: string | null; failed: number },
  dir: string = root,
): void {
  if (before === null || cleanCommit(dir) !== before) return;
  if (failed === 0) write(consumersOf(dir), { commit: before });
  else if (commitThatConsumersTook(dir) === before) rmSync(consumersOf(dir));
}

function write(path: string, record: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record)}\n`);
}
