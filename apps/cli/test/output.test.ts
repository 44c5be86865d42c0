import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  BIN,
  folderWithInput,
  hostTensor,
  inProcess,
  npyBytes,
  partials,
  permissions,
  rmsnorm,
  start,
} from './rmsnorm.ts';
import { makeLink, makePipe, requireShell, requireUnix } from './shell.ts';

const RUN = 'run x.npy --dim 12 --quiet --backend reference';

async function normalized(shape?: readonly number[]): Promise<Buffer> {
  const folder = folderWithInput(shape);
  expect((await inProcess(folder, `${RUN} -o y.npy`)).code).toBe(0);
  return readFileSync(join(folder, 'y.npy'));
}

describe('an existing OUT', () => {
  test('is refused without --force, and stays', async () => {
    const folder = folderWithInput();
    writeFileSync(join(folder, 'y.npy'), 'precious');
    const { code, stderr } = await inProcess(folder, `${RUN} -o y.npy`);
    expect([code, stderr]).toEqual([
      1,
      'RMSNORM_FILE_EXISTS: y.npy exists: --force replaces it, or name another file\n',
    ]);
    expect(readFileSync(join(folder, 'y.npy'), 'utf8')).toBe('precious');
  });

  test('is replaced with --force, and keeps its permissions', async () => {
    const folder = folderWithInput();
    writeFileSync(join(folder, 'y.npy'), 'old');
    chmodSync(join(folder, 'y.npy'), 0o640);
    expect(await inProcess(folder, `${RUN} -o y.npy --force`)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'y.npy'))).toEqual(await normalized());
    expect(statSync(join(folder, 'y.npy')).mode & 0o777).toBe(permissions(0o640));
  });

  test('that is a link to nothing is refused without --force, and filled with it', async ({ skip }) => {
    const folder = folderWithInput();
    makeLink(skip, 'target.npy', join(folder, 'y.npy'));
    expect((await inProcess(folder, `${RUN} -o y.npy`)).stderr).toContain('RMSNORM_FILE_EXISTS');
    expect((await inProcess(folder, `${RUN} -o y.npy --force`)).code).toBe(0);
    expect(lstatSync(join(folder, 'y.npy')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'target.npy'))).toEqual(await normalized());
  });
});

describe('IN = OUT, with --force', () => {
  test('by the same name', async () => {
    const folder = folderWithInput();
    expect((await inProcess(folder, `${RUN} -o x.npy`)).stderr).toContain('RMSNORM_FILE_EXISTS');
    expect(await inProcess(folder, `${RUN} -o x.npy --force`)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'x.npy'))).toEqual(await normalized());
    expect(readdirSync(folder)).toEqual(['x.npy']);
  });

  test('through a symbolic link, which stays one', async ({ skip }) => {
    const folder = folderWithInput();
    makeLink(skip, 'x.npy', join(folder, 'link.npy'));
    expect((await inProcess(folder, `${RUN} -o link.npy --force`)).code).toBe(0);
    expect(lstatSync(join(folder, 'link.npy')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'x.npy'))).toEqual(await normalized());
  });

  test('through a hard link: the other name keeps the old contents', async () => {
    const folder = folderWithInput();
    linkSync(join(folder, 'x.npy'), join(folder, 'hard.npy'));
    expect((await inProcess(folder, `${RUN} -o hard.npy --force`)).code).toBe(0);
    expect(readFileSync(join(folder, 'hard.npy'))).toEqual(await normalized());
    expect(readFileSync(join(folder, 'x.npy'))).toEqual(npyBytes(hostTensor([40, 12])));
  });
});

describe('outputs at places that are no files', () => {
  test.for([
    [
      '-o missing/y.npy',
      'RMSNORM_INVALID_FILE: cannot write missing/y.npy: the folder missing does not exist: make it with mkdir -p',
    ],
    [
      '-o x.npy/y.npy',
      process.platform === 'win32'
        ? 'RMSNORM_INVALID_FILE: cannot write x.npy/y.npy: the folder x.npy is not a folder'
        : 'RMSNORM_INVALID_FILE: cannot write x.npy/y.npy: a part of the path is a file, not a folder (ENOTDIR)',
    ],
    ['-o folder.npy', 'RMSNORM_INVALID_FILE: folder.npy is a folder: name a file in it'],
    ['-o folder.npy --force', 'RMSNORM_INVALID_FILE: folder.npy is a folder: name a file in it'],
    ['-o pipe.npy --force', 'RMSNORM_INVALID_FILE: pipe.npy is a pipe or a device'],
    ['-o null.npy --force', 'RMSNORM_INVALID_FILE: null.npy is a pipe or a device'],
  ] as const)('run x.npy %s', async ([args, message], { skip }) => {
    const folder = folderWithInput();
    mkdirSync(join(folder, 'folder.npy'));
    if (args.includes('pipe.npy')) makePipe(skip, join(folder, 'pipe.npy'));
    if (args.includes('null.npy')) {
      requireUnix(skip, '/dev/null');
      makeLink(skip, '/dev/null', join(folder, 'null.npy'));
    }
    const { code, stderr } = await inProcess(folder, `${RUN} ${args}`);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
    expect(partials(folder)).toEqual([]);
  });

  test('a folder without permission', async ({ skip }) => {
    requireUnix(skip, 'folders that are closed by their mode');
    const folder = folderWithInput();
    mkdirSync(join(folder, 'closed'), { mode: 0o500 });
    // Root may write anywhere but where the kernel itself says no.
    const closed = process.getuid?.() === 0 ? '/sys' : 'closed';
    const { code, stderr } = await inProcess(folder, `${RUN} -o ${closed}/y.npy`);
    expect(stderr).toMatch(
      /^RMSNORM_INVALID_FILE: cannot write .*closed\/y\.npy: no permission \(EACCES\)\n$|^RMSNORM_INVALID_FILE: cannot write \/sys\/y\.npy: .*\((EACCES|EPERM|EROFS)\)\n$/,
    );
    expect(code).toBe(1);
  });
});

describe('inputs that are no files, or no tensors', () => {
  test.for([
    ['missing.npy', 'cannot read missing.npy: there is no such file or folder (ENOENT)'],
    ['folder.npy', 'folder.npy is a folder: name a file in it'],
    ['pipe.npy', 'pipe.npy is a pipe or a device: write it to a file first'],
    ['empty.npy', 'empty.npy is empty (0 bytes)'],
    ['empty.safetensors', 'empty.safetensors is empty (0 bytes)'],
    ['zeros.safetensors', 'zeros.safetensors is not a .safetensors file: its header does not begin with {'],
    ['short.npy', 'short.npy is truncated: (40, 12) of float32 from byte 128 on ends at byte 2048, the file at 2047'],
    [
      'long.npy',
      'long.npy has trailing bytes: (40, 12) of float32 from byte 128 on ends at byte 2048, the file at 2049',
    ],
    ['text.npy', 'text.npy is not a .npy file'],
  ] as const)('run %s', async ([name, message], { skip }) => {
    const folder = folderWithInput();
    mkdirSync(join(folder, 'folder.npy'));
    if (name === 'pipe.npy') makePipe(skip, join(folder, 'pipe.npy'));
    const x = readFileSync(join(folder, 'x.npy'));
    writeFileSync(join(folder, 'empty.npy'), '');
    writeFileSync(join(folder, 'empty.safetensors'), '');
    writeFileSync(join(folder, 'zeros.safetensors'), Buffer.alloc(100));
    writeFileSync(join(folder, 'short.npy'), x.subarray(0, -1));
    writeFileSync(join(folder, 'long.npy'), Buffer.concat([x, Buffer.alloc(1)]));
    writeFileSync(join(folder, 'text.npy'), 'a,b,c\n1,2,3\n');
    const out = name.replace(/.*\./, 'y.');
    const { code, stdout, stderr } = await inProcess(folder, `run ${name} -o ${out} --dim 12`);
    expect(stderr).toContain(`RMSNORM_INVALID_FILE: ${message}`);
    expect(stderr).toMatch(/^RMSNORM_.*\n$/);
    expect([code, stdout, existsSync(join(folder, out))]).toEqual([1, '', false]);
  });
});

test('a disk that is full in the middle: an error with the numbers, no rest, the old file intact', ({ skip }) => {
  requireShell(skip);
  const folder = folderWithInput([40_000, 12]);
  writeFileSync(join(folder, 'y.npy'), 'old');
  // A limit on the size of files stands for the full disk: the same way back, EFBIG for ENOSPC.
  const command = `ulimit -f 1000; exec "${process.execPath}" "${BIN}" ${RUN} -o y.npy --force --memory 64KiB`;
  const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
  expect(stderr).toMatch(/^RMSNORM_INVALID_FILE: cannot go on with y\.npy after .* of 1\.92 MB: .*\(EFBIG\)\n$/);
  expect(status).toBe(1);
  expect(readFileSync(join(folder, 'y.npy'), 'utf8')).toBe('old');
  expect(partials(folder)).toEqual([]);
});

describe('stopped in the middle', () => {
  /** Starts a run that takes seconds, and waits until it writes. */
  async function running(): Promise<{ folder: string; process: ReturnType<typeof start> }> {
    const folder = folderWithInput([400_000, 12]);
    writeFileSync(join(folder, 'y.npy'), 'old');
    const process = start(folder, `${RUN} -o y.npy --force --memory 64KiB`.split(' '));
    while (!partials(folder).some((name) => statSync(join(folder, name)).size > 100_000)) await sleep(5);
    return { folder, process };
  }

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: exit code %d, no rest, the old file intact', async ([signal, code], { skip }) => {
    requireUnix(skip, 'signals that a process could hear of');
    const { folder, process } = await running();
    process.kill(signal);
    expect(await process.ended).toEqual({
      code,
      signal: null,
      stdout: '',
      stderr: `rmsnorm: interrupted by ${signal}\n`,
    });
    expect(readFileSync(join(folder, 'y.npy'), 'utf8')).toBe('old');
    expect(partials(folder)).toEqual([]);
  });

  test('SIGKILL: the old file intact, and a rest whose name says what it is', async () => {
    const { folder, process } = await running();
    process.kill('SIGKILL');
    expect(await process.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(readFileSync(join(folder, 'y.npy'), 'utf8')).toBe('old');
    expect(partials(folder)).toEqual([expect.stringMatching(/^y\.npy\.[0-9a-f]{8}\.rmsnorm-partial$/)]);
    expect((await rmsnorm(folder, `${RUN} -o z.npy`)).code).toBe(0);
  });
});

test('a name as long as names can be', async () => {
  const folder = folderWithInput();
  const name = `${'ä'.repeat(125)}.npy`;
  expect((await rmsnorm(folder, [...RUN.split(' '), '-o', name])).code).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(['x.npy', name]);
});
