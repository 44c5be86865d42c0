import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { newFolder, permissions } from '../../test/rmsnorm.ts';
import { finishShards } from './finish-shards.ts';
import { ShardedOutput } from './sharded-output.ts';

const gate = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));

// Stands in for a process that is killed: from some change of the file system on, none happens any more.
vi.mock('node:fs/promises', async (original) => {
  const real = (await original()) as Record<string, (...args: unknown[]) => unknown>;
  const changing = ['link', 'mkdir', 'mkdtemp', 'rename', 'rm', 'rmdir'].map((name) => [
    name,
    async (...args: unknown[]) => {
      if (gate.left-- <= 0) throw new Error('killed');
      return real[name]!(...args);
    },
  ]);
  return { ...real, ...Object.fromEntries(changing) };
});

const PLAN = { shards: 2, bytes: 40 };
const DONE = Buffer.concat([Buffer.alloc(20, 1), Buffer.alloc(20, 2)]);

function newOutput(old: string | null): { folder: string; path: string } {
  const folder = newFolder();
  const path = join(folder, 'y.npy');
  if (old !== null) writeFileSync(path, old, { mode: 0o640 });
  return { folder, path };
}

async function runShard(path: string, index: number, force: boolean): Promise<void> {
  const shard = { index, count: 2 };
  const joined = await ShardedOutput.join(path, PLAN, force);
  if (await joined.isFinished(shard)) return;
  const file = await joined.open(shard);
  await file.write(Buffer.alloc(20, index + 1), 0, 20, index * 20);
  await joined.commit(shard, file, async () => {});
}

async function runShards(path: string, force: boolean): Promise<void> {
  await runShard(path, 1, force);
  await runShard(path, 0, force);
}

/** What a folder has. Shards that were killed just when they made theirs, or removed it, leave it empty. */
function left(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.endsWith('-shards') || readdirSync(join(folder, name)).length > 0);
}

/** Does something that is killed before its nth change, for each n. */
async function killedEverywhere(
  run: () => Promise<unknown>,
  prepare: () => Promise<void>,
  check: () => Promise<void>,
): Promise<number> {
  for (let changes = 0; ; changes++) {
    await prepare();
    gate.left = changes;
    const survived = await run().then(
      () => true,
      (error: Error) => {
        expect(error.message).toContain('killed');
        return false;
      },
    );
    gate.left = Number.POSITIVE_INFINITY;
    await check();
    if (survived) return changes;
  }
}

test.each([
  ['a new OUT', null, false],
  ['an OUT that it replaces', 'old', true],
])('--finish of %s, killed anywhere, is called again', async (_what, old, force) => {
  let path = '';
  let folder = '';
  const changes = await killedEverywhere(
    () => finishShards(path, force, Date.now()),
    async () => {
      ({ path, folder } = newOutput(old));
      await runShards(path, force);
    },
    async () => {
      const started = readdirSync(folder).includes('y.npy') ? readFileSync(path) : null;
      expect([DONE.toString(), old]).toContain(started?.toString() ?? null);
      const begun = readdirSync(folder).some((name) => name.endsWith('shards'));
      const planned = begun && readdirSync(`${path}.rmsnorm-shards`).includes('plan.json');
      // Where the plan is gone, all was done; --force alone cannot know that.
      await finishShards(path, force && planned, Date.now());
      expect(readFileSync(path).equals(DONE)).toBe(true);
      if (force) expect(statSync(path).mode & 0o777).toBe(permissions(0o640));
      expect(left(folder)).toEqual(['y.npy']);
    },
  );
  expect(changes).toBeGreaterThan(5);
});

test('shards that are killed anywhere are run again', async () => {
  let path = '';
  let folder = '';
  const changes = await killedEverywhere(
    () => runShards(path, false),
    async () => {
      ({ path, folder } = newOutput(null));
    },
    async () => {
      await runShards(path, false);
      await finishShards(path, false, Date.now());
      expect(readFileSync(path).equals(DONE)).toBe(true);
      expect(left(folder)).toEqual(['y.npy']);
    },
  );
  expect(changes).toBeGreaterThan(5);
});

test.each([
  ['a new OUT', null, false],
  ['an OUT that it replaces', 'old', true],
])('three --finish at once of %s all end well', async (_what, old, force) => {
  for (let round = 0; round < 10; round++) {
    const { path, folder } = newOutput(old);
    await runShards(path, force);
    const began = Date.now() - 20;
    const finished = await Promise.all([1, 2, 3].map(() => finishShards(path, force, began)));
    // One that comes when all is done, but was called before.
    finished.push(await finishShards(path, force, began));
    expect(finished.map(({ bytes }) => bytes)).toEqual([40, 40, 40, 40]);
    if (force) await expect(finishShards(path, force, Date.now() + 20)).rejects.toThrow('has no shards to finish');
    expect(readFileSync(path).equals(DONE)).toBe(true);
    if (force) expect(statSync(path).mode & 0o777).toBe(permissions(0o640));
    expect(readdirSync(folder)).toEqual(['y.npy']);
  }
});
