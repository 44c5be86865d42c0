import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hostTensor, inProcess, newFolder, rmsnorm, writeNpy } from './rmsnorm.ts';

let folder = '';
beforeAll(() => {
  folder = newFolder();
  writeNpy(join(folder, 'x.npy'), hostTensor([4, 12]));
});

const WRONG_USAGE: readonly (readonly [args: string, message: string])[] = [
  ['run -o y.npy --dim 12', "error: missing required argument 'IN'"],
  ['run x.npy --dim 12', "error: required option '-o, --output <OUT>' not specified"],
  ['run x.npy -o y.npy', "error: required option '--dim <N>' not specified"],
  ['run x.npy -o y.npy --dim 0', "option '--dim <N>' argument '0' is invalid. Give a positive integer (512)"],
  ['run x.npy -o y.npy --dim 3,x', "option '--dim <N>' argument '3,x' is invalid"],
  ['run x.npy -o y.npy --dim 1e3', "option '--dim <N>' argument '1e3' is invalid"],
  ['run x.npy -o y.npy --dim 12 --groups 0', "option '--groups <N>' argument '0' is invalid. Give a positive integer."],
  [
    'run x.npy -o y.npy --dim 12 --groups 5',
    'RMSNORM_INVALID_OPTION: --groups 5 does not divide --dim 12: give a divisor of 12',
  ],
  ['run x.npy -o y.npy --dim 12 --axis 1.5', "option '--axis <N>' argument '1.5' is invalid. Give an integer."],
  ['run x.npy -o y.npy --dim 12 --eps -1', "option '--eps <N>' argument '-1' is invalid. Give a number from 0 on"],
  ['run x.npy -o y.npy --dim 12 --eps 1e999', "option '--eps <N>' argument '1e999' is invalid"],
  [
    'run x.npy -o y.npy --dim 12 --eps-mode mul',
    "option '--eps-mode <MODE>' argument 'mul' is invalid. Choose one of add, clamp.",
  ],
  ['run x.npy -o y.npy --dim 12 --scale 0', "option '--scale <N>' argument '0' is invalid"],
  [
    'run x.npy -o y.npy --dim 12 --partial 0',
    "option '--partial <P>' argument '0' is invalid. Give a fraction above 0, up to 1.",
  ],
  [
    'run x.npy -o y.npy --dim 12 --partial .5 --eps-mode clamp',
    'RMSNORM_INVALID_OPTION: --partial 0.5 needs --eps-mode add',
  ],
  [
    'run x.npy -o y.npy --dim 12 --weight-offset 1',
    'RMSNORM_INVALID_OPTION: --weight-offset 1 is added to a gamma: give --gamma FILE or --weights FILE',
  ],
  [
    'run x.npy -o y.npy --dim 12 --gamma g.txt',
    "option '--gamma <FILE>' argument 'g.txt' is invalid. Give a .npy or .safetensors file",
  ],
  [
    'run x.npy -o y.npy --dim 12 --weights m.safetensors --beta b.npy',
    'RMSNORM_INVALID_OPTION: --weights and --beta both say what gamma and beta are',
  ],
  [
    'run x.npy -o y.npy --dim 12 --gamma g.npy --prefix model.norm.',
    'RMSNORM_INVALID_OPTION: --prefix model.norm. is of names in a file of weights: give --weights FILE.safetensors',
  ],
  [
    'run x.npy -o y.npy --dim 12 --weights m.npy',
    "RMSNORM_INVALID_OPTION: --weights must end in .safetensors, got 'm.npy'",
  ],
  [
    'run x.npy -o y.npy --dim 12 --shard 4/4',
    "option '--shard <I/N>' argument '4/4' is invalid. Give I/N with I from 0",
  ],
  ['run x.npy -o y.npy --dim 12 --shard /4', "argument '/4' is invalid. Give I/N with I from 0 to N - 1"],
  ['run x.npy -o y.npy --dim 12 --shard 0/', 'eight shards. Is a variable not set?'],
  ['run -o y.npy --finish --shard 0/4', "option '--shard <I/N>' cannot be used with option '--finish'"],
  ['run -o y.npy --dim 12 --finish', 'RMSNORM_INVALID_OPTION: --finish compares --dim'],
  ['run x.npy -o y.npy --finish', 'RMSNORM_INVALID_OPTION: --finish with IN compares all options: give --dim'],
  ['run x.npy -o y.npy --dim 12 --casting qwen', "option '--casting <MODE>' argument 'qwen' is invalid"],
  [
    'run x.npy -o y.npy --dim 12 --backend gpu',
    "option '--backend <NAME>' argument 'gpu' is invalid. Choose one of auto, cuda",
  ],
  [
    'run x.npy -o y.npy --dim 12 --memory 1',
    "option '--memory <SIZE>' argument '1' is invalid. Give a size of at least 64KiB",
  ],
  [
    'run x.npy -o y.npy --dim 12 --tensor t',
    'RMSNORM_INVALID_OPTION: --tensor names a tensor of a .safetensors file; IN and OUT are .npy',
  ],
  ['run x.npy -o y.safetensors --dim 12 --tensor __metadata__', 'RMSNORM_INVALID_OPTION: --tensor __metadata__: '],
  ['run x.txt -o y.npy --dim 12', "RMSNORM_INVALID_OPTION: IN must end in .npy or .safetensors, got 'x.txt'"],
  ['run x.npy -o y --dim 12', "RMSNORM_INVALID_OPTION: -o OUT must end in .npy or .safetensors, got 'y'"],
  ['run x.npy -o y.npy --dim 12 --epsilon 1', "unknown option '--epsilon'"],
  ['run x.npy z.npy -o y.npy --dim 12', 'too many arguments'],
  ['normalize x.npy', "unknown command 'normalize'"],
  ['verify', "missing required argument 'BACKEND'"],
  ['verify tpu', "RMSNORM_INVALID_OPTION: there is no backend 'tpu'"],
  ['verify reference --filter no/such', 'RMSNORM_INVALID_OPTION: filter "no/such" takes none'],
  ['verify reference --seed x', "option '--seed <N>' argument 'x' is invalid"],
];

describe('wrong usage ends with exit code 2 and names the option', () => {
  test.each(WRONG_USAGE)('rmsnorm %s', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(folder, args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('no command: the help, on stderr', async () => {
    const { code, stdout, stderr } = await rmsnorm(folder, []);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: rmsnorm');
  });
});

describe('what cannot be done ends with exit code 1 and a code', () => {
  test.each([
    ['run x.npy -o y.npy --dim 11', 'RMSNORM_SHAPE: a tensor of shape [4, 12] has [12], not [11] at axis 1'],
    ['run x.npy -o y.npy --dim 12 --axis 5', 'RMSNORM_SHAPE: '],
    [
      'run x.npy -o y.npy --dim 12 --gamma x.npy',
      'RMSNORM_SHAPE: --gamma x.npy has shape [4, 12], 48 elements; --dim asks for 12',
    ],
    [
      'run x.npy -o y.npy --dim 12 --beta no.npy',
      'RMSNORM_INVALID_FILE: cannot read no.npy: there is no such file or folder (ENOENT)',
    ],
    ['run x.npy -o y.npy --dim 12 --backend cuda', "RMSNORM_NO_BACKEND: backend 'cuda' is not available"],
    ['verify ./no-such-module.js', 'RMSNORM_MODULE_NOT_FOUND: ./no-such-module.js does not load'],
  ])('rmsnorm %s', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(folder, args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([1, '']);
  });

  test('DEBUG adds the stack', async () => {
    const { code, stderr } = await rmsnorm(folder, 'run x.npy -o y.npy --dim 11', { DEBUG: '1' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/\n\s+at .*layout/);
  });
});

describe('help', () => {
  test.each([
    ['--help', 'rmsnorm run embeddings.npy -o normalized.npy --dim 512 --axis -1'],
    ['run --help', '--weights model.safetensors --prefix model.layers.0.input_layernorm.'],
    ['doctor --help', 'rmsnorm doctor --json'],
    ['verify --help', 'rmsnorm verify ./my-backend.js --json'],
    ['bench --help', 'rmsnorm bench --json'],
  ])('rmsnorm %s has an example', async (args, example) => {
    const { code, stdout, stderr } = await inProcess(folder, args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(example);
  });

  test('--version', async () => {
    expect(await rmsnorm(folder, '--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });
});
