import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FloatDType } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import { ShardedOutput } from '../src/files/sharded-output.ts';
import {
  BIN,
  hostTensor,
  inProcess,
  KILLED,
  killedAtWrite,
  NO_DRIVERS,
  newFolder,
  numbers,
  rmsnorm,
  safetensorsBytes,
  writeNpy,
} from './rmsnorm.ts';
import { FINISH, output, prepared, RUN, runShards, shardsFolder, succeed, unfinishedOutput } from './sharding.ts';
import { requireShell, requireUnix } from './shell.ts';

describe('all shards together are the run without them, byte for byte', () => {
  const others = {
    a: hostTensor([5001]),
    x: hostTensor([7, 96]),
    z: { dtype: 'I8', shape: [77], data: new Uint8Array(77) },
  };

  test.each<[string, string, string, readonly number[], FloatDType, number, string]>([
    ['rows', 'npy', 'npy', [37, 96], 'float32', 4, ''],
    ['rows of 16 bits', 'npy', 'npy', [37, 96], 'float16', 3, '--groups 4'],
    ['more shards than rows', 'npy', 'npy', [3, 96], 'float32', 5, ''],
    ['no rows', 'npy', 'npy', [0, 96], 'float32', 2, ''],
    ['groups, where there are fewer slabs than shards', 'npy', 'npy', [2, 96, 30], 'float32', 5, '--groups 32'],
    ['strips, where memory is short', 'npy', 'npy', [3, 96, 701], 'float32', 2, '--memory 64KiB'],
    ['with other tensors, and metadata', 'safetensors', 'safetensors', [7, 96], 'float32', 3, '--tensor x'],
    ['to .safetensors', 'npy', 'safetensors', [37, 96], 'float16', 2, '--tensor h'],
    ['to .npy', 'safetensors', 'npy', [7, 96], 'float32', 2, '--tensor x'],
  ])('%s', async (_name, from, to, shape, dtype, count, options) => {
    const folder = newFolder();
    if (from === 'npy') writeNpy(join(folder, 'x.npy'), hostTensor(shape, dtype));
    else writeFileSync(join(folder, 'x.safetensors'), safetensorsBytes(others, { format: 'pt' }));
    writeNpy(join(folder, 'gamma.npy'), { dtype: 'float32', shape: [96], data: numbers(96, 5) });
    const args = `run x.${from} --dim 96 --gamma gamma.npy ${options} --json`.replaceAll('  ', ' ');
    const whole = JSON.parse(await succeed(folder, `${args} -o whole.${to}`));
    const parts = [];
    for (let i = count - 1; i >= 0; i--)
      parts.push(JSON.parse(await succeed(folder, `${args} -o y.${to} --shard ${i}/${count}`)));
    expect(existsSync(join(folder, `y.${to}`))).toBe(false);
    await succeed(folder, `run -o y.${to} --finish`);

    const bytes = readFileSync(join(folder, `whole.${to}`));
    expect(readFileSync(join(folder, `y.${to}`)).equals(bytes)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes('shards'))).toEqual([]);
    for (const total of ['bytesRead', 'bytesWritten'] as const) {
      expect(parts.reduce((sum, part) => sum + part[total], 0)).toBe(whole[total]);
    }
    expect(parts.reduce((sum, part) => sum + part.rows.rows, 0)).toBe(whole.rows.rows);
    expect(parts[0].shard).toEqual({ index: count - 1, count });
  });
});

test('a shard depends on its own rows alone, and writes its own bytes alone', async () => {
  const { folder, whole } = await prepared([10, 12]);
  utimesSync(join(folder, 'x.npy'), 1e9, 1e9);
  await runShards(folder, 4, [1]);
  const alone = readFileSync(unfinishedOutput(folder));
  // Ten rows: three for each of the first two shards.
  const [from, to] = [128 + 3 * 48, 128 + 6 * 48];
  expect(alone).toEqual(Buffer.concat([Buffer.alloc(from), whole.subarray(from, to), Buffer.alloc(whole.length - to)]));

  const poisoned = hostTensor([10, 12]);
  (poisoned.data as Float32Array).fill(Number.NaN, 0, 36).fill(Number.NaN, 72);
  writeNpy(join(folder, 'x.npy'), poisoned);
  utimesSync(join(folder, 'x.npy'), 1e9, 1e9);
  const { rows } = JSON.parse(await succeed(folder, `${RUN} --json --shard 1/4 --force`.replace('--quiet ', '')));
  expect(rows).toMatchObject({ rows: 3, nonFinite: { before: 0, after: 0 } });
});

test('shards that start at the same moment agree on one plan', async () => {
  const folder = newFolder();
  const plan = { shards: 16, bytes: 1600 };
  const joined = await Promise.all(
    Array.from({ length: 16 }, async (_, index) => {
      const shard = { index, count: 16 };
      const joining = await ShardedOutput.join(join(folder, 'y.npy'), plan, false);
      const file = await joining.open(shard);
      await file.write(Buffer.alloc(100, index + 1), 0, 100, index * 100);
      await joining.commit(shard, file, async () => {});
    }),
  );
  expect(joined).toHaveLength(16);
  await succeed(folder, FINISH);
  expect(output(folder)).toEqual(Buffer.concat(joined.map((_, index) => Buffer.alloc(100, index + 1))));
});

test('a shard that was killed is missing, is done again, and gives the same bytes', async () => {
  const { folder, whole } = await prepared([6000, 12]);
  await runShards(folder, 3, [0, 2]);
  const args = `${RUN} --shard 1/3 --memory 64KiB`.split(' ');
  const killed = await rmsnorm(folder, args, { NODE_OPTIONS: killedAtWrite(folder, 3) });
  expect(killed).toMatchObject(KILLED);
  expect(await inProcess(folder, FINISH)).toMatchObject({
    code: 1,
    stderr:
      'RMSNORM_INVALID_FILE: y.npy is not complete: of 3 shards 1 are not finished: 1; run them again, with --shard I/3\n',
  });
  expect(existsSync(join(folder, 'y.npy'))).toBe(false);
  await runShards(folder, 3, [1]);
  await succeed(folder, FINISH);
  expect(output(folder).equals(whole)).toBe(true);
});

test('missing shards are listed as ranges', async () => {
  const { folder } = await prepared();
  await runShards(folder, 12, [1, 5, 9]);
  expect((await inProcess(folder, FINISH)).stderr).toContain('of 12 shards 9 are not finished: 0, 2-4, 6-8, 10-11; ');
});

describe('a finished shard', () => {
  test('says so and is left alone; --force does it again', async () => {
    const { folder, whole } = await prepared();
    await runShards(folder, 2);
    const part = unfinishedOutput(folder);
    writeFileSync(part, Buffer.alloc(whole.length));
    const again = `${RUN} --shard 1/2`.replace(' --quiet', '');
    expect(await inProcess(folder, again)).toMatchObject({
      code: 0,
      stderr: 'y.npy: shard 1/2 is finished already; --force does it again\n',
    });
    expect(JSON.parse(await succeed(folder, `${again} --json`))).toEqual({
      output: 'y.npy',
      shard: { index: 1, count: 2 },
      finished: 'before',
    });
    expect(readFileSync(part).every((byte) => byte === 0)).toBe(true);
    await succeed(folder, `${RUN} --shard 0/2 --force`);
    await succeed(folder, `${RUN} --shard 1/2 --force`);
    await succeed(folder, FINISH);
    expect(output(folder).equals(whole)).toBe(true);
  });

  test('counts as missing from the moment on that it is done again', async () => {
    const shard = { index: 0, count: 2 };
    const joined = await ShardedOutput.join(join(newFolder(), 'z.npy'), { shards: 2, bytes: 10 }, false);
    await joined.commit(shard, await joined.open(shard), async () => {});
    expect(await joined.isFinished(shard)).toBe(true);
    await (await joined.open(shard)).close();
    expect(await joined.isFinished(shard)).toBe(false);
  });
});

test('an output that was deleted is not made anew, and its markers do not count', async () => {
  const { folder, whole } = await prepared();
  await runShards(folder, 2, [0]);
  rmSync(unfinishedOutput(folder));
  for (const args of [`${RUN} --shard 1/2`, `${RUN} --shard 0/2`]) {
    const { code, stderr } = await inProcess(folder, args);
    expect(stderr).toContain('is gone, not 2048 (2.05 kB): delete that folder and run all shards again');
    expect(code).toBe(1);
  }
  rmSync(shardsFolder(folder), { recursive: true });
  await runShards(folder, 2);
  await succeed(folder, FINISH);
  expect(output(folder).equals(whole)).toBe(true);
});

test('a shard whose output is deleted while it runs does not count as finished', async ({ skip }) => {
  requireUnix(skip, 'files that are deleted while they are open');
  const { folder } = await prepared();
  const shard = { index: 0, count: 2 };
  const path = join(folder, 'z.npy');
  const joined = await ShardedOutput.join(path, { shards: 2, bytes: 10 }, false);
  const file = await joined.open(shard);
  rmSync(`${path}.rmsnorm-shards`, { recursive: true });
  await (await ShardedOutput.join(path, { shards: 2, bytes: 10 }, false)).open(shard).then((other) => other.close());
  await expect(joined.commit(shard, file, async () => {})).rejects.toThrow('RMSNORM_INVALID_FILE: the output of ');
  expect(readdirSync(`${path}.rmsnorm-shards`).filter((name) => name.includes('finished'))).toEqual([]);
});

describe('shards of other settings are refused, and nothing is touched', () => {
  test.each([
    ['--shard 1/3', 'shards 2 there, 3 here'],
    ['--shard 1/2 --eps 1e-5', 'eps 0.000001 there, 0.00001 here'],
    ['--shard 1/2 --groups 3', 'groups 1 there, 3 here; scale '],
    ['--shard 1/2 --gamma gamma.npy', 'gamma null there, "'],
    ['--shard 1/2 --backend wasm', 'backend "reference" there, "wasm" here'],
  ])('%s', async (args, message) => {
    const { folder } = await prepared();
    writeNpy(join(folder, 'gamma.npy'), { dtype: 'float32', shape: [12], data: numbers(12) });
    await runShards(folder, 2, [0]);
    const before = readdirSync(shardsFolder(folder)).sort();
    const { code, stderr } = await inProcess(folder, `${RUN} ${args}`);
    expect(stderr).toContain(
      `RMSNORM_INVALID_OPTION: other shards of y.npy were begun with other settings: ${message}`,
    );
    expect(code).toBe(2);
    expect(readdirSync(shardsFolder(folder)).sort()).toEqual(before);
  });

  test('another input', async () => {
    const { folder } = await prepared();
    await runShards(folder, 2, [0]);
    writeNpy(join(folder, 'x.npy'), hostTensor([41, 12]));
    const { code, stderr } = await inProcess(folder, `${RUN} --shard 1/2`);
    expect(stderr).toMatch(
      /bytes 2048 there, 2096 here; input \{"bytes":2048,.* there, .* here; shape \[40,12\] there/,
    );
    expect(code).toBe(2);
  });

  test('an input that was written again, by the same bytes or others', async () => {
    const { folder } = await prepared();
    await runShards(folder, 2, [0]);
    writeNpy(join(folder, 'x.npy'), hostTensor([40, 12], 'float32', 2));
    const { code, stderr } = await inProcess(folder, `${RUN} --shard 1/2`);
    expect(stderr).toMatch(/other settings: input \{.*"modified":"20\S+Z"\} there, \{.*"modified":"20\S+Z"\} here: /);
    expect(code).toBe(2);
  });

  test('--finish with IN compares them too', async () => {
    const { folder, whole } = await prepared();
    await runShards(folder, 2);
    const { code, stderr } = await inProcess(folder, `${RUN} --finish --eps 1e-5`);
    expect(stderr).toContain('eps 0.000001 there, 0.00001 here');
    expect(code).toBe(2);
    await succeed(folder, `${RUN} --finish`);
    expect(output(folder).equals(whole)).toBe(true);
  });
});

test('the Slurm script of the docs, task by task', async ({ skip }) => {
  requireShell(skip);
  const docs = readFileSync(new URL('../docs/shards.md', import.meta.url), 'utf8');
  const script = /^```sh\n(#!\/bin\/bash\n#SBATCH[\s\S]*?)^```$/m.exec(docs)![1]!;
  const last = Number(/--array=0-(\d+)/.exec(script)![1]);
  const folder = newFolder();
  writeNpy(join(folder, 'x.npy'), hostTensor([20, 512]));
  await succeed(folder, 'run x.npy -o whole.npy --dim 512 --quiet');
  writeFileSync(join(folder, 'shards.sh'), script);
  writeFileSync(join(folder, 'rmsnorm'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env.PATH}`, ...NO_DRIVERS };
  for (let task = 0; task <= last; task += 2) {
    const pair = [task, Math.min(task + 1, last)].map((index) =>
      promisify(execFile)('bash', ['shards.sh'], { cwd: folder, env: { ...env, SLURM_ARRAY_TASK_ID: `${index}` } }),
    );
    for (const { stderr } of await Promise.all(pair)) expect(stderr).toBe('');
  }
  await succeed(folder, FINISH);
  expect(output(folder).equals(readFileSync(join(folder, 'whole.npy')))).toBe(true);
});
