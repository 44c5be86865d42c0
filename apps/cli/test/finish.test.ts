import { chmodSync, cpSync, existsSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess } from './rmsnorm.ts';
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
    expect(statSync(join(folder, 'y.npy')).mode & 0o777).toBe(0o640);
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

  test.each([
    [
      'after the link to its place',
      (folder: string, _inside: string, part: string) => linkSync(join(folder, 'y.npy'), part),
    ],
    ['after the rename to its place', () => {}],
    ['while it removes the folder', (_folder: string, inside: string) => rmSync(join(inside, 'plan.json'))],
  ])('killed %s, it is called again', async (_when, leave) => {
    const { folder, whole } = await prepared();
    await runShards(folder, 2);
    const inside = shardsFolder(folder);
    const part = unfinishedOutput(folder);
    const kept = join(folder, 'kept');
    mkdirSync(kept);
    cpSync(inside, kept, { recursive: true, filter: (path) => !path.endsWith('.output') });
    await succeed(folder, FINISH);
    cpSync(kept, inside, { recursive: true });
    leave(folder, inside, part);
    await succeed(folder, FINISH);
    expect(output(folder).equals(whole)).toBe(true);
    expect(existsSync(inside)).toBe(false);
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
    writeFileSync(join(inside, 'plan.json'), '{"id":"../../etc","plan":{"shards":1,"bytes":3}}');
    for (const args of [FINISH, `${RUN} --shard 0/2`]) {
      expect((await inProcess(folder, args)).stderr).toContain('plan.json is not what rmsnorm wrote there: delete ');
    }
    expect(existsSync(join(folder, 'y.npy'))).toBe(false);
  });
});
