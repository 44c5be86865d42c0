import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BIN, folderWithInput, inProcess, partials, permissions, type Started, start } from './rmsnorm.ts';
import { requireUnix } from './shell.ts';

const RUN = 'run x.npy --dim 12 --quiet --backend reference';

/** Starts a run in many small chunks, and waits until it has begun. */
async function begun(folder: string, args = '-o y.npy'): Promise<Started> {
  const run = start(folder, `${RUN} --memory 64KiB ${args}`.split(' '));
  const plan = join(folder, 'y.npy.rmsnorm-shards/plan.json');
  while (partials(folder).length === 0 && !existsSync(plan)) await sleep(2);
  return run;
}

/** The folder of the built modules. */
const DIST = pathToFileURL(BIN).href.slice(0, -'bin.js'.length);

/** An input that takes a good part of a second. */
const LONG = [100_000, 12];

/** Changes a few bytes of a file in place. */
function writeAt(path: string, position: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(8, 1), 0, 8, position);
  closeSync(file);
}

test('an input that becomes shorter while it is read', async () => {
  const folder = folderWithInput(LONG);
  const run = await begun(folder);
  truncateSync(join(folder, 'x.npy'), 1_000_000);
  const { code, stderr } = await run.ended;
  const message = /^RMSNORM_INVALID_FILE: x\.npy ended at byte (\d+): it became shorter while it was read\n$/;
  expect(stderr).toMatch(message);
  // The new end; or, on a busy machine, what had been read beyond it before.
  expect(Number(message.exec(stderr)![1])).toBeGreaterThanOrEqual(1_000_000);
  expect([code, existsSync(join(folder, 'y.npy')), partials(folder)]).toEqual([1, false, []]);
});

describe('an input that changes while it is read', () => {
  test.each([
    ['its bytes', (path: string) => writeAt(path, 1_000_000)],
    ['its size', (path: string) => appendFileSync(path, 'more')],
    ['its time alone', (path: string) => utimesSync(path, 1e9, 1e9)],
  ])('%s: OUT is not made', async (_what, change) => {
    const folder = folderWithInput(LONG);
    const run = await begun(folder);
    change(join(folder, 'x.npy'));
    const { code, stderr } = await run.ended;
    expect(stderr).toMatch(
      /^RMSNORM_INVALID_FILE: x\.npy changed while it was read: it had 4800128 bytes, written at 20\S+Z, and has \d+ bytes, written at \S+Z: run again/,
    );
    expect([code, existsSync(join(folder, 'y.npy')), partials(folder)]).toEqual([1, false, []]);
  });

  test('another file under its name is no change', async ({ skip }) => {
    requireUnix(skip, 'files that are replaced while they are open');
    const folder = folderWithInput(LONG);
    const run = await begun(folder);
    writeFileSync(join(folder, 'new.npy'), 'new');
    renameSync(join(folder, 'new.npy'), join(folder, 'x.npy'));
    expect((await run.ended).code).toBe(0);
  });

  test('in a shard: it does not count as finished', async () => {
    const folder = folderWithInput(LONG);
    const run = await begun(folder, '-o y.npy --shard 0/1');
    utimesSync(join(folder, 'x.npy'), 1e9, 1e9);
    expect((await run.ended).stderr).toContain('x.npy changed while it was read');
    const { stderr } = await inProcess(folder, 'run -o y.npy --finish');
    expect(stderr).toContain('of 1 shards 1 are not finished: 0; ');
  });
});

test('with --force, an output that comes to stand there meanwhile is replaced, and keeps its permissions', async () => {
  const folder = folderWithInput(LONG);
  const run = await begun(folder, '-o y.npy --force');
  writeFileSync(join(folder, 'y.npy'), 'of another process', { mode: 0o604 });
  expect(await run.ended).toMatchObject({ code: 0, stderr: '' });
  expect(statSync(join(folder, 'y.npy'))).toMatchObject({ size: 4_800_128, mode: 0o100_000 | permissions(0o604) });
});

test('with --force, what stood there and is gone meanwhile leaves its permissions', async () => {
  const folder = folderWithInput(LONG);
  writeFileSync(join(folder, 'y.npy'), 'old', { mode: 0o604 });
  const run = await begun(folder, '-o y.npy --force');
  // Nobody else reads what is not complete.
  expect(statSync(join(folder, partials(folder)[0]!)).mode & 0o777).toBe(permissions(0o600));
  rmSync(join(folder, 'y.npy'));
  expect(await run.ended).toMatchObject({ code: 0, stderr: '' });
  expect(statSync(join(folder, 'y.npy')).mode & 0o777).toBe(permissions(0o604));
});

describe('the owner of what is replaced', () => {
  const isRoot = process.getuid?.() === 0;

  test('stays, where root replaces it; by a run and by --finish', async ({ skip }) => {
    if (!isRoot) return skip('only root can give files away');
    const folder = folderWithInput();
    for (const args of ['', ' --shard 0/1', ' --finish']) {
      if (args !== ' --finish') {
        writeFileSync(join(folder, 'y.npy'), 'old');
        chownSync(join(folder, 'y.npy'), 12_345, 23_456);
        chmodSync(join(folder, 'y.npy'), 0o4750);
      }
      const command = args === ' --finish' ? 'run --quiet' : RUN;
      expect(await inProcess(folder, `${command} -o y.npy --force${args}`)).toMatchObject({ code: 0, stderr: '' });
      if (args === ' --shard 0/1') continue;
      expect(statSync(join(folder, 'y.npy'))).toMatchObject({ uid: 12_345, gid: 23_456, mode: 0o104_750 });
    }
  });

  test('cannot stay, where another user replaces it: its group gets no more than all, and no program its rights', async ({
    skip,
  }) => {
    if (!isRoot) return skip('only root can make a file of others');
    const folder = folderWithInput();
    writeFileSync(join(folder, 'y.npy'), 'old');
    chownSync(join(folder, 'y.npy'), 12_345, 23_456);
    chmodSync(join(folder, 'y.npy'), 0o6774);
    chmodSync(folder, 0o777);
    // Loads all first: another user may not reach this folder.
    const modules = ['commands/run', 'commands/run-shard', 'commands/run-summary', 'main'];
    const script = `${modules.map((name) => `import { ${name === 'main' ? 'main' : ''} } from '${DIST}${name}.js';`).join('')}
      process.setgroups([]);
      process.setgid(999);
      process.setuid(999);
      process.exitCode = await main('${RUN} -o y.npy --force'.split(' '));`;
    const args = ['--input-type=module', '-e', script];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(statSync(join(folder, 'y.npy'))).toMatchObject({ uid: 999, gid: 999, mode: 0o100_744 });
  });
});

test('an output that comes to stand there meanwhile is not replaced', async () => {
  const folder = folderWithInput(LONG);
  const run = await begun(folder);
  writeFileSync(join(folder, 'y.npy'), 'of another process');
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([1, 'RMSNORM_FILE_EXISTS: y.npy exists: --force replaces it, or name another file\n']);
  expect(readFileSync(join(folder, 'y.npy'), 'utf8')).toBe('of another process');
  expect(partials(folder)).toEqual([]);
});
