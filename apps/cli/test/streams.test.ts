import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { npyPrefix } from '../src/files/npy.ts';
import {
  BIN,
  hostTensor,
  inProcess,
  NO_DRIVERS,
  newFolder,
  npyBytes,
  partials,
  safetensorsBytes,
  writeNpy,
} from './rmsnorm.ts';
import { requireShell, requireUnix } from './shell.ts';

const ENV = { PATH: process.env.PATH, ...NO_DRIVERS };
const RUN = '--dim 96 --backend reference --memory 64KiB';
const x = hostTensor([700, 96]);
let folder = '';
let y: Buffer;
beforeAll(async () => {
  folder = newFolder();
  writeNpy(join(folder, 'x.npy'), x);
  expect((await inProcess(folder, `run x.npy -o y.npy ${RUN}`)).code).toBe(0);
  y = readFileSync(join(folder, 'y.npy'));
});

interface Streamed {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function ended(program: string, args: readonly string[], input?: Buffer): Streamed {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env: ENV, input });
  return { status, stdout, stderr: stderr.toString() };
}

/** Runs `rmsnorm` between two pipes, which every system has. */
const piped = (args: string, input?: Buffer): Streamed => ended(process.execPath, [BIN, ...args.split(' ')], input);

/** Runs a line of bash, where `rmsnorm` is the command. */
function shell(line: string): Streamed {
  const script = `set -o pipefail; rmsnorm() { "${process.execPath}" "${BIN}" "$@"; }; ${line}`;
  return ended('bash', ['--norc', '-c', script]);
}

describe('- is stdin, and stdout', () => {
  test('from a pipe to a pipe, with the bytes of files', () => {
    const { status, stdout } = piped(`run - -o - ${RUN}`, readFileSync(join(folder, 'x.npy')));
    expect(status).toBe(0);
    expect(stdout.equals(y)).toBe(true);
  });

  test.for([
    ['from a file to a pipe', `rmsnorm run - -o - ${RUN} < x.npy | cat`],
    ['from a pipe to a file', `cat x.npy | rmsnorm run - -o - ${RUN} > out.npy; cat out.npy`],
    ['from a slow pipe', `(head -c 9 x.npy; sleep 0.1; tail -c +10 x.npy) | rmsnorm run - -o - ${RUN}`],
    ['to a named file', `rmsnorm run - -o named.npy ${RUN} < x.npy 2> /dev/null; cat named.npy`],
    ['from a named file', `rmsnorm run x.npy -o - ${RUN}`],
  ] as const)('%s, with the bytes of files', ([_what, line], { skip }) => {
    requireShell(skip);
    const { status, stdout } = shell(line);
    expect(status).toBe(0);
    expect(stdout.equals(y)).toBe(true);
  });

  test('the summary goes to stderr; a tensor of a .safetensors file may go to stdout, and stdin into one', ({
    skip,
  }) => {
    requireShell(skip);
    writeFileSync(join(folder, 'two.safetensors'), safetensorsBytes({ a: hostTensor([3]), x }));
    const out = shell(`rmsnorm run two.safetensors --tensor x -o - ${RUN}`);
    expect(out.stdout.equals(y)).toBe(true);
    expect(out.stderr).toMatch(/^two\.safetensors -> stdout\n/);
    const into = shell(`rmsnorm run - --tensor h -o into.safetensors ${RUN} < x.npy`);
    expect(into.stderr).toMatch(/^stdin -> into\.safetensors\n.*'h'$/m);
    expect(readFileSync(join(folder, 'into.safetensors')).subarray(-x.data.byteLength)).toEqual(
      y.subarray(-x.data.byteLength),
    );
  });

  test('a file of any size in little memory, as it comes', ({ skip }) => {
    requireShell(skip);
    const bytes = 96 * 4 * 300_000;
    const prefix = Buffer.from(npyPrefix('float32', [300_000, 96])).toString('base64');
    const line = `(echo ${prefix} | base64 -d; head -c ${bytes} /dev/zero) |
      rmsnorm run - -o - --dim 96 --backend wasm | wc -c`;
    expect(shell(line).stdout.toString().trim()).toBe(String(bytes + 128));
  });
});

describe('what a stream may be', () => {
  test.each([
    ['nothing', Buffer.alloc(0), 'stdin is empty (0 bytes)'],
    ['text', Buffer.from('a,b\n1,2\n'), "stdin is not a .npy file: it begins with 'a,b\\n1,2\\n'"],
    ['half a header', npyBytes(x).subarray(0, 80), 'stdin is truncated: the header ends at byte 128, the file at 80'],
    ['too little', npyBytes(x).subarray(0, -1), 'stdin is truncated: it ended at byte 268927, in the elements'],
    ['too much', Buffer.concat([npyBytes(x), Buffer.alloc(1)]), 'stdin has trailing bytes: the elements end at 268928'],
  ])('%s', (_what, input, message) => {
    const { status, stdout, stderr } = piped(`run - -o out.npy --force --quiet ${RUN}`, input);
    expect(stderr).toBe(`RMSNORM_INVALID_FILE: ${message}\n`);
    expect([status, stdout.toString()]).toEqual([1, '']);
  });

  test('a reader that stops, and a full disk, are errors of the run', ({ skip }) => {
    requireShell(skip, '/dev/full');
    const pipe = shell(`rmsnorm run x.npy -o - --quiet ${RUN} | head -c 100 > /dev/null`);
    expect(pipe.stderr).toMatch(/^RMSNORM_INVALID_FILE: cannot write to stdout: its reader has closed it \(EPIPE\)\n$/);
    expect(pipe.status).toBe(1);
    const full = shell(`rmsnorm run x.npy -o - --quiet ${RUN} > /dev/full`);
    expect(full.stderr).toBe('RMSNORM_INVALID_FILE: cannot write to stdout: the disk is full (ENOSPC)\n');
    expect(full.status).toBe(1);
  });

  test('strips need files, or memory', async () => {
    writeNpy(join(folder, 'wide.npy'), hostTensor([2, 96, 301]));
    const message =
      'RMSNORM_OUT_OF_MEMORY: a group of 96 features at 301 places takes 116 kB, and stdout has to pass it in one piece: ' +
      'give --memory 1MiB';
    expect((await inProcess(folder, `run wide.npy -o - ${RUN}`)).stderr).toContain(message);
    expect(piped(`run wide.npy -o - ${RUN} --memory 1MiB`).stdout).toHaveLength(231_296);
  });

  test.each([
    ['run x.npy -o - --dim 96 --json', '-o - and --json both write to stdout: leave one of them out'],
    ['run - -o y.npy --dim 96 --shard 0/2', '--shard needs files that machines share, not -: name them'],
    ['run -o - --finish', '--finish needs files that machines share, not -: name them'],
    ['run - --out-dir d --dim 96', 'stdin has no name that a file in --out-dir could get: give -o OUT'],
  ])('%s', async (args, message) => {
    const { code, stderr } = await inProcess(folder, args);
    expect([code, stderr]).toEqual([2, `RMSNORM_INVALID_OPTION: ${message}\n`]);
  });
});

test.for([
  ['waits for its writer', `run - -o out.npy --force ${RUN}`],
  ['waits for its reader', `run - -o - --memory 64MiB ${RUN}`],
] as const)('a run that %s ends on a signal', async ([_what, args], { skip }) => {
  requireUnix(skip, 'signals that a process could hear of');
  const child = spawn(process.execPath, [BIN, ...args.split(' ')], { cwd: folder, env: ENV });
  // More than a pipe holds; and no end.
  child.stdin.on('error', () => {});
  child.stdin.write(npyBytes(hostTensor([9000, 96])).subarray(0, -100));
  // It has begun where there is a part of its output.
  const begun = new Promise((resolve) => child.stdout.once('readable', resolve));
  const written = async (): Promise<void> => {
    while (partials(folder).length === 0) await sleep(5);
  };
  await Promise.race([begun, written()]);
  await sleep(50);
  child.kill('SIGTERM');
  const code = await new Promise((resolve) => child.on('exit', resolve));
  expect(code).toBe(143);
});
