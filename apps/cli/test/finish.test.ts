import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess, permissions } from './rmsnorm.ts';
import { FINISH, output, prepared, RUN, runShards, shardsFolder, succeed, unfinishedOutput } from './sharding.ts';

describe('an existing OUT', () => {
  test('is refused by shards, and by --finish where it came later; --force replaces it and keeps its permissions', async () => {
    const { folder, whole } = await prepared();
    await runShards(folder, 2);
    writeFileSync(join(folder, 'y.npy'), 'precious');
    chmodSync(join(folder, 'y.npy'), 0o640);
    for (const args of [`${RUN} --shard 0/2`, FINISH]) {
      expect(await inProcess(folder, args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('RMSNORM_FILE_EXISTS: y.npy exists'),
      });
    }
    expect(output(folder).toString()).toBe('precious');
    await succeed(folder, `${FINISH} --force`);
    expect(output(folder).equals(whole)).toBe(true);
    expect(statSync(join(folder, 'y.npy')).mode & 0o777).toBe(permissions(0o640));
  });
});

describe('--finish', () => {
  test('twice: the second says that all is done; with --force, or with nothing there, it cannot know', async () => {
    const { folder, whole } = await prepared();
    expect((await inProcess(folder, FINISH)).stderr).toContain('RMSNORM_INVALID_FILE: y.npy has no shards to finish: ');
    await runShards(folder, 2);
    expect(await inProcess(folder, FINISH)).toMatchObject({
      code: 0,
      stderr: 'y.npy is in place: 2 shards, 2.05 kB\n',
    });
    expect(await inProcess(folder, FINISH)).toMatchObject({
      code: 0,
      stderr: 'y.npy is in place (2.05 kB); no shards are waiting\n',
    });
    expect((await inProcess(folder, `${FINISH} --force`)).code).toBe(1);
    expect(output(folder).equals(whole)).toBe(true);
  });

  test('refuses an output that is gone or cut, and a plan that is none', async () => {
    const { folder } = await prepared();
    await runShards(folder, 2);
    const inside = shardsFolder(folder);
    const part = unfinishedOutput(folder);
    writeFileSync(part, 'cut');
    expect((await inProcess(folder, FINISH)).stderr).toContain('has 3 bytes, not 2048 (2.05 kB): delete that folder');
    rmSync(part);
    expect((await inProcess(folder, FINISH)).stderr).toContain('is gone, not 2048');
    expect((await inProcess(folder, `${RUN} --shard 0/2`)).stderr).toContain('is gone, not 2048');
    expect((await inProcess(folder, `${RUN} --shard 0/2 --force`)).stderr).toContain('is gone, not 2048');
    writeFileSync(join(inside, 'plan.json'), '{"id":"../../etc","plan":{"shards":1,"bytes":3}}');
    for (const args of [FINISH, `${RUN} --shard 0/2`]) {
      expect((await inProcess(folder, args)).stderr).toContain('plan.json is not what rmsnorm wrote there: delete ');
    }
    expect(existsSync(join(folder, 'y.npy'))).toBe(false);
  });

  test('with --force, an old OUT of the same size is not taken for the output that is gone', async () => {
    const { folder, whole } = await prepared();
    await runShards(folder, 2);
    // The next file gets the inode of the one that was deleted, on many file systems.
    rmSync(unfinishedOutput(folder));
    const old = Buffer.alloc(whole.length, 7);
    writeFileSync(join(folder, 'y.npy'), old);
    for (const held of [true, false]) {
      if (!held)
        rmSync(join(shardsFolder(folder), readdirSync(shardsFolder(folder)).find((n) => n.endsWith('.held'))!));
      const { code, stderr } = await inProcess(folder, `${FINISH} --force`);
      expect(stderr).toContain('is gone, not 2048');
      expect(code).toBe(1);
      expect(output(folder).equals(old)).toBe(true);
    }
  });

  test('believes no other file in the place of the output, nor one that was cut and filled up', async () => {
    const { folder } = await prepared();
    await runShards(folder, 2);
    const part = unfinishedOutput(folder);
    const bytes = readFileSync(part);
    renameSync(part, join(folder, 'elsewhere'));
    writeFileSync(part, bytes);
    const { code, stderr } = await inProcess(folder, FINISH);
    expect(stderr).toContain('is another file of 2048 (2.05 kB) than the one that they wrote: delete that folder');
    expect([code, existsSync(join(folder, 'y.npy'))]).toEqual([1, false]);
    expect((await inProcess(folder, `${RUN} --shard 0/2`)).stderr).toContain('is another file of 2048');
  });

  test('believes no marker beyond N, of another plan or shard, or without contents', async () => {
    const { folder } = await prepared();
    await runShards(folder, 3, [0]);
    const inside = shardsFolder(folder);
    const marker = readdirSync(inside).find((name) => name.endsWith('.0.finished'))!;
    const contents = JSON.parse(readFileSync(join(inside, marker), 'utf8'));
    const forge = (index: number | string, text: string): void =>
      writeFileSync(join(inside, marker.replace('.0.', `.${index}.`)), text);
    for (const beyond of [3, 4, 5, '00']) forge(beyond, JSON.stringify({ ...contents, shard: Number(beyond) }));
    forge(1, JSON.stringify(contents));
    forge(2, JSON.stringify({ ...contents, shard: 2, output: { ...contents.output, inode: '1' } }));
    expect((await inProcess(folder, FINISH)).stderr).toContain('of 3 shards 2 are not finished: 1-2; ');
    forge(1, '');
    forge(2, JSON.stringify({ ...contents, shard: 2, id: '0123456789ab' }));
    expect((await inProcess(folder, FINISH)).stderr).toContain('of 3 shards 2 are not finished: 1-2; ');
    await runShards(folder, 3);
    await succeed(folder, FINISH);
    expect(existsSync(inside)).toBe(false);
  });

  test('leaves a folder that it did not make, and files in its own that are not its own', async () => {
    const { folder } = await prepared();
    const inside = shardsFolder(folder);
    mkdirSync(inside);
    writeFileSync(join(inside, 'notes.txt'), 'mine');
    writeFileSync(join(folder, 'y.npy'), 'mine');
    await succeed(folder, FINISH);
    expect(readdirSync(inside)).toEqual(['notes.txt']);
    rmSync(join(folder, 'y.npy'));
    await runShards(folder, 2);
    await succeed(folder, FINISH);
    expect(readdirSync(inside)).toEqual(['notes.txt']);

    rmSync(inside, { recursive: true });
    rmSync(join(folder, 'y.npy'));
    await runShards(folder, 2);
    writeFileSync(join(inside, 'notes.txt'), 'mine');
    await succeed(folder, FINISH);
    expect(readdirSync(inside).sort()).toEqual(['made-by-rmsnorm', 'notes.txt']);
  });
});
