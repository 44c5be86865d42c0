import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../packed.ts';
import { cleanCommit, commitThatConsumersTook, readTestRecord, recordConsumers, recordTests } from './test-record.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
    cwd: folder.dir,
    encoding: 'utf8',
  });

beforeEach(async () => {
  folder = await temporaryFolder('test-record');
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(folder.dir, '.gitignore'), 'node_modules\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'First');
});
afterEach(() => folder.remove());

const before = (): string => cleanCommit(folder.dir)!;

test('a green run is noted with its commit, and taken back by a red one', () => {
  recordTests({ before: before(), failed: 0, passed: 3, whole: true }, folder.dir);
  expect(readTestRecord(folder.dir)).toEqual({ commit: before(), passed: 3, whole: true });
  recordTests({ before: before(), failed: 1, passed: 2, whole: false }, folder.dir);
  expect(readTestRecord(folder.dir)).toBeNull();
});

test('a short run does not hide a whole one', () => {
  recordTests({ before: before(), failed: 0, passed: 3, whole: true }, folder.dir);
  recordTests({ before: before(), failed: 0, passed: 1, whole: false }, folder.dir);
  expect(readTestRecord(folder.dir)?.whole).toBe(true);
});

test('a tree with changes, before or after, says nothing of a commit', () => {
  const commit = before();
  writeFileSync(join(folder.dir, 'new.txt'), 'new');
  expect(cleanCommit(folder.dir)).toBeNull();
  recordTests({ before: null, failed: 0, passed: 3, whole: true }, folder.dir);
  recordTests({ before: commit, failed: 0, passed: 3, whole: true }, folder.dir);
  expect(readTestRecord(folder.dir)).toBeNull();
});

test('so it is with the run of all consumers', () => {
  const commit = before();
  recordConsumers({ before: commit, failed: 1 }, folder.dir);
  expect(commitThatConsumersTook(folder.dir)).toBeNull();
  recordConsumers({ before: commit, failed: 0 }, folder.dir);
  expect(commitThatConsumersTook(folder.dir)).toBe(commit);
  recordConsumers({ before: commit, failed: 2 }, folder.dir);
  expect(commitThatConsumersTook(folder.dir)).toBeNull();
  writeFileSync(join(folder.dir, 'new.txt'), 'new');
  recordConsumers({ before: commit, failed: 0 }, folder.dir);
  expect(commitThatConsumersTook(folder.dir)).toBeNull();
});
