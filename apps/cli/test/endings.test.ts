import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import {
  BIN,
  folderWithInput,
  hostTensor,
  inProcess,
  NO_DRIVERS,
  partials,
  requireOption,
  rmsnorm,
  safetensorsBytes,
  start,
  writeNpy,
} from './rmsnorm.ts';
import { requireShell, requireUnix } from './shell.ts';

const RUN = 'run x.npy -o y.npy --dim 12 --backend reference';

/** Runs a line of bash, where $RMSNORM is the command; gives the exit code of that one, and all that could be read. */
function shell(folder: string, line: string): { code: number; text: string } {
  // Words of $RMSNORM end at a new line, as paths may have spaces.
  const env = { PATH: process.env.PATH, ...NO_DRIVERS, RMSNORM: `${process.execPath}\n${BIN}` };
  const script = `set -o pipefail; IFS=$'\\n'; ${line}`;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    cwd: folder,
    env,
    encoding: 'utf8',
    // A line that waits for what never comes is a failure, and no hang.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  return { code: status ?? -1, text: stdout + stderr };
}

describe('what cannot be said after the work does not change how it ended', () => {
  test.for([
    ['the summary to a reader that is gone', `$RMSNORM ${RUN} 2>&1 | true`],
    ['the summary to a full disk', `$RMSNORM ${RUN} 2> /dev/full`],
    ['the summary as JSON to a full disk', `$RMSNORM ${RUN} --json > /dev/full`],
    ['both to a full disk', `$RMSNORM ${RUN} --json > /dev/full 2> /dev/full`],
    ['no stderr at all', `$RMSNORM ${RUN} 2>&-`],
    ['neither of them', `$RMSNORM ${RUN} --json >&- 2>&-`],
    [
      'many files',
      `$RMSNORM run x.npy --out-dir . --force --dim 12 --backend reference 2> /dev/full && cp x.npy y.npy`,
    ],
    [
      'a shard, and --finish',
      `$RMSNORM ${RUN} --shard 0/1 2> /dev/full && $RMSNORM run -o y.npy --finish 2> /dev/full`,
    ],
    ['a list to a reader that has seen enough', '$RMSNORM doctor | true && touch y.npy'],
    ['a list, and its complaint', '$RMSNORM doctor 2> /dev/full | true && touch y.npy'],
  ] as const)('%s', ([_what, line], { skip }) => {
    requireShell(skip, line);
    const folder = folderWithInput();
    expect(shell(folder, line)).toEqual({ code: 0, text: '' });
    expect(existsSync(join(folder, 'y.npy'))).toBe(true);
    expect(partials(folder)).toEqual([]);
  });

  test.for([
    ['doctor', '$RMSNORM doctor > /dev/full'],
    ['verify', "$RMSNORM verify reference --filter 'forward/*shape=2x3*' > /dev/full"],
    ['help', '$RMSNORM run --help > /dev/full'],
  ] as const)(
    'but where what is said is all that a command does, its loss is its failure: %s',
    ([_what, line], { skip }) => {
      requireShell(skip, line);
      const { code, text } = shell(folderWithInput(), line);
      expect([code, text]).toEqual([1, 'RMSNORM_INVALID_FILE: cannot write to stdout: the disk is full (ENOSPC)\n']);
    },
  );

  test('a failure stays one', ({ skip }) => {
    requireShell(skip, '/dev/full');
    const folder = folderWithInput();
    for (const args of ['run no.npy -o y.npy --dim 12', `${RUN} --epsilon 1`]) {
      const code = args.includes('epsilon') ? 2 : 1;
      expect(shell(folder, `$RMSNORM ${args} 2> /dev/full`)).toEqual({ code, text: '' });
      expect(shell(folder, `$RMSNORM ${args} 2>&1 | true`)).toEqual({ code, text: '' });
    }
  });
});

/** Makes a process of Node send itself a signal when it flushes a file to the disk, as NODE_OPTIONS. */
function signalledAtFlush(folder: string, signal: string): string {
  const script = `const promises = require('node:fs/promises'), { open } = promises;
    promises.open = async (...args) => {
      const file = await open(...args), sync = file.sync;
      if (/partial|output/.test(args[0])) file.sync = async () => {
        process.kill(process.pid, '${signal}');
        await new Promise((resolve) => setTimeout(resolve, 50));
        return sync.call(file);
      };
      return file;
    };
    require('node:module').syncBuiltinESMExports();`;
  writeFileSync(join(folder, 'signalled.cjs'), script);
  return requireOption(join(folder, 'signalled.cjs'));
}

const SIGNALS = 'signals that a process could hear of';

describe('a signal in the last flush', () => {
  beforeEach(({ skip }) => requireUnix(skip, SIGNALS));

  test.each([
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ])('%s: exit code %d, no rest, the old file intact', async (signal, code) => {
    const folder = folderWithInput();
    writeFileSync(join(folder, 'y.npy'), 'old');
    const env = { NODE_OPTIONS: signalledAtFlush(folder, signal) };
    const ended = await rmsnorm(folder, `${RUN} --force`, env);
    expect(ended).toMatchObject({ code, stdout: '', stderr: `rmsnorm: interrupted by ${signal}\n` });
    expect(readFileSync(join(folder, 'y.npy'), 'utf8')).toBe('old');
    expect(partials(folder)).toEqual([]);
  });

  test('of a shard: it is not finished, and is run again', async () => {
    const folder = folderWithInput();
    expect((await inProcess(folder, `${RUN} --shard 0/2`)).code).toBe(0);
    const env = { NODE_OPTIONS: signalledAtFlush(folder, 'SIGTERM') };
    expect((await rmsnorm(folder, `${RUN} --shard 1/2`, env)).code).toBe(143);
    const missing = await inProcess(folder, 'run -o y.npy --finish');
    expect(missing.stderr).toContain('of 2 shards 1 are not finished: 1; ');
    expect((await inProcess(folder, `${RUN} --shard 1/2`)).code).toBe(0);
    expect((await inProcess(folder, 'run -o y.npy --finish')).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['signalled.cjs', 'x.npy', 'y.npy']);
  });
});

test('a terminal that is closed: exit code 129, also where nothing can be said any more', ({ skip }) => {
  requireShell(skip, '/dev/full');
  const folder = folderWithInput([400_000, 12]);
  const script = `$RMSNORM ${RUN} --memory 64KiB > /dev/full 2> /dev/full & pid=$!
    until ls *.rmsnorm-partial > /dev/null 2>&1 || ! kill -0 $pid; do sleep 0.02; done; kill -HUP $pid; wait $pid`;
  expect(shell(folder, script)).toEqual({ code: 129, text: '' });
  expect(readdirSync(folder)).toEqual(['x.npy']);
});

/** Runs the arguments on a terminal of their own, which is closed once they write; with or without the signal that this gives. */
const CLOSED_TERMINAL = `import os, pty, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    child = os.fork()
    if child == 0: os.execvp(sys.argv[2], sys.argv[2:])
    # As a shell does, which hands it on to its jobs.
    signal.signal(signal.SIGHUP, lambda *_: sys.argv[1] == 'signal' and os.kill(child, signal.SIGHUP))
    with open('code', 'w') as file: file.write(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
    os._exit(0)
while not any('rmsnorm-partial' in name for name in os.listdir('.')):
    if os.waitpid(pid, os.WNOHANG)[0]: sys.exit('the run ended before its terminal was closed')
    time.sleep(0.001)
os.close(terminal)
os.waitpid(pid, 0)`;

test.for([
  ['with its signal: exit code 129', 'signal', '129', false],
  ['where the job was disowned: it does its work', 'quiet', '0', true],
] as const)('a terminal that is closed, for real, %s', ([_what, how, code, done], { skip }) => {
  requireShell(skip);
  if (shell(tmpdir(), 'python3 -c "import pty"').code !== 0) {
    return lacking(skip, 'no python3 found: install it (Debian: apt-get install python3)');
  }
  const folder = folderWithInput([400_000, 12]);
  writeFileSync(join(folder, 'terminal.py'), CLOSED_TERMINAL);
  const { text } = shell(folder, `TERM=dumb python3 terminal.py ${how} $RMSNORM ${RUN} --memory 64KiB`);
  expect(text).toBe('');
  expect(readFileSync(join(folder, 'code'), 'utf8')).toBe(code);
  expect(existsSync(join(folder, 'y.npy'))).toBe(done);
  expect(partials(folder)).toEqual([]);
});

const HOSTILE = 'a\x1b[2J\x9b\u202e\nRMSNORM: done\x07';
const SHOWN = 'a\\x1b[2J\\x9b\\u202e\\nRMSNORM: done\\x07';

/** Whatever a terminal would act upon, but for the ends of our own lines. */
const ACTIVE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

describe('names from files and arguments are shown without what a terminal would act upon', () => {
  const tensors = { [HOSTILE]: hostTensor([40, 12]), other: hostTensor([3]) };

  test.each<[string, string[], string]>([
    [
      'a tensor in the summary',
      ['run', 'x.safetensors', '-o', 'y.safetensors', '--dim', '12', '--tensor', HOSTILE],
      SHOWN,
    ],
    ['tensors in a list', ['run', 'x.safetensors', '-o', 'y.safetensors', '--dim', '12'], SHOWN],
    [
      'a tensor that is not there',
      ['run', 'x.safetensors', '-o', 'y.npy', '--dim', '12', '--tensor', `${HOSTILE}x`],
      SHOWN,
    ],
    ['a dtype', ['run', 'dtype.safetensors', '-o', 'y.npy', '--dim', '12'], SHOWN],
    ['a field', ['run', 'field.safetensors', '-o', 'y.npy', '--dim', '12'], SHOWN],
    ['a descr', ['run', 'descr.npy', '-o', 'y.npy', '--dim', '12'], 'a\\x1b[2J'],
    ['a key', ['run', 'key.npy', '-o', 'y.npy', '--dim', '12'], 'a\\x1b[2J'],
    ['the beginning of another kind of file', ['run', 'text.npy', '-o', 'y.npy', '--dim', '12'], 'a\\x1b[2J'],
    ['a file', ['run', `${HOSTILE}.npy`, '-o', 'y.npy', '--dim', '12'], SHOWN],
    ['an output', ['run', 'x.npy', '-o', `no/${HOSTILE}.npy`, '--dim', '12'], SHOWN],
    ['a gamma', ['run', 'x.npy', '-o', 'y.npy', '--dim', '12', '--gamma', `${HOSTILE}.npy`], SHOWN],
    ['a prefix', ['run', 'x.npy', '-o', 'y.npy', '--dim', '12', '--prefix', HOSTILE], SHOWN],
    ['a value', ['run', 'x.npy', '-o', 'y.npy', '--dim', HOSTILE], SHOWN],
    ['an option', ['run', 'x.npy', `--${HOSTILE}`], SHOWN],
    ['a command', [HOSTILE], SHOWN],
    ['a module', ['verify', `./${HOSTILE}.js`], SHOWN],
    ['what a module throws', ['verify', './throws.mjs'], 'a\\x1b[2J'],
    ['what a module is', ['verify', './is.mjs'], SHOWN],
    ['a filter', ['verify', 'reference', '--filter', HOSTILE], 'a\\u001b[2J'],
    [
      'JSON',
      ['run', 'x.safetensors', '-o', 'z.safetensors', '--dim', '12', '--tensor', HOSTILE, '--json'],
      '\\u009b\\u202e',
    ],
  ])('%s', async (_what, args, shown) => {
    const folder = folderWithInput();
    const quoted = JSON.stringify(HOSTILE);
    const header = (json: string): Buffer => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
      return Buffer.concat([length, Buffer.from(json)]);
    };
    const python = (dict: string): Buffer =>
      Buffer.concat([
        Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(dict.length)}\x00`, 'latin1'),
        Buffer.from(dict),
      ]);
    const files: Record<string, string | Buffer> = {
      'x.safetensors': safetensorsBytes(tensors),
      'dtype.safetensors': header(`{"x":{"dtype":${quoted},"shape":[],"data_offsets":[0,0]}}`),
      'field.safetensors': header(`{"x":{${quoted}:1}}`),
      'descr.npy': python(`{'descr': 'a\\x1b[2J', 'fortran_order': False, 'shape': (3,)}`),
      'key.npy': python(`{'a\\x1b[2J': 1, 'fortran_order': False, 'shape': (3,)}`),
      'text.npy': HOSTILE,
      'throws.mjs': `throw new Error(${quoted});`,
      'is.mjs': `export default { name: ${quoted}, apiVersion: 1, create() {},
        probe: async () => ({ ok: false, code: 'NO_DEVICE', reason: ${quoted} }) };`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { stdout, stderr } = await inProcess(folder, args);
    expect(stdout + stderr).toContain(shown);
    expect(stdout + stderr).not.toMatch(ACTIVE);
  });
});

test('a name that begins with a dash gets a hint', async () => {
  const folder = folderWithInput();
  writeNpy(join(folder, '-x.npy'), hostTensor([4, 12]));
  for (const args of ['run -x.npy -o y.npy --dim 12', 'run -output.npy --dim 12', 'run x.npy --y.npy --dim 12']) {
    const { code, stderr } = await inProcess(folder, args);
    expect(stderr).toMatch(/^Is (-\S+) a file\? Its name begins with a dash: write \.\/\1$/m);
    expect(code).toBe(2);
  }
  expect((await inProcess(folder, 'run ./-x.npy -o y.npy --dim 12 --quiet')).stderr).toBe('');
  expect((await inProcess(folder, 'run -o z.npy --dim 12 --quiet -- -x.npy')).stderr).toBe('');
  expect((await start(folder, ['run', '-x.npy']).ended).stderr).toMatch(/^error: unknown option '-x\.npy'\n/);
});
