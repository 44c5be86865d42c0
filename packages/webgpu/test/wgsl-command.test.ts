import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { wgslCommand } from '../scripts/wgsl-command.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function printed(command: string): string {
  const { stdout, stderr, code } = wgslCommand(command.split(' '));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

test('dispatches are printed one after another, each with what it binds and its grid', () => {
  const text = printed('forward --dtype float16 --shape 3x65537 --rstd');
  expect(text).toMatch(/^\/\/ The key of a shader is kernel:choices:buffers, /);
  const headings = text.split('\n').filter((line) => /^\/\/ (Dispatch|Bindings|Grid|Between| {2}\d)/.test(line));
  expect(headings).toEqual([
    '// Between dispatches: r, 12 bytes',
    '// Between dispatches: exponents, 12 bytes',
    '// Between dispatches: sections, 432 bytes',
    expect.stringMatching(/^\/\/ Dispatch 1 of 3: loop elements to section:forward,float16,/),
    '// Bindings:',
    '//   0 x (read)',
    '//   1 sections (read_write)',
    '//   2 params (uniform, 144 bytes)',
    '// Grid: 27 x 1 x 1 workgroups',
    expect.stringMatching(/^\/\/ Dispatch 2 of 3: loop sections to r:/),
    '// Bindings:',
    '//   0 sections (read)',
    '//   1 rstd (read_write)',
    '//   2 r (read_write)',
    '//   3 exponents (read_write)',
    '//   4 params (uniform, 144 bytes)',
    '// Grid: 1 x 1 x 1 workgroups',
    expect.stringMatching(/^\/\/ Dispatch 3 of 3: elementwise:/),
    '// Bindings:',
    '//   0 x (read)',
    '//   1 y (read_write)',
    '//   2 gamma (read)',
    '//   3 r (read)',
    '//   4 exponents (read)',
    '//   5 params (uniform, 144 bytes)',
    '// Grid: 769 x 1 x 1 workgroups',
  ]);
  expect(text.match(/@compute/g)).toHaveLength(3);
});

test.each<[command: string, has: readonly string[], lacks?: readonly string[]]>([
  ['forward --shape 8x4096', ['var<storage, read_write> y: array<vec4f>;']],
  ['forward --shape 8x4096 --no-affine', ['return v;'], ['load_gamma']],
  ['forward --shape 8x4096 --bias', ['fma(v, weight, load_beta(place))']],
  ['forward --shape 8x4096 --in-place', ['read_write> x: '], ['> y: ']],
  ['addForward --shape 8x4096 --in-place', ['read_write> x: ', 'read_write> residual: '], ['> y: ', '> sum: ']],
  ['gatedForward --shape 8x64 --norm-before-gate', ['times_silu(weighted(place, normed), load_gate(place))']],
  ['forward --shape 8x4096 --no-subgroups', ['team_sum'], ['enable subgroups']],
  ['forward --shape 8x512 --subgroups 4-128', ['enable subgroups', ',workgroup16x1/4,']],
  ['forward --shape 8x4096 --dtype float16', ['pack2x16float']],
  ['forward --shape 8x4096 --dtype float16 --float16 bits', ['0x477ff000u'], [' pack2x16float']],
  ['forward --shape 8x4096 --dtype float16 --shader-f16', ['enable f16;', 'vec4h(v)']],
  ['forward --shape 8x4096 --dtype float16 --casting llama', ['let v = rounded(normed);']],
  ['forward --shape 8x4096 --partial 0.5', ['select(Elements(), v, ']],
  ['forward --shape 2x16x16x5 --dim 16x16', [',columns,one,']],
  ['forward --shape 2x8x5 --axis -2', [',columns,one,']],
  ['forward --shape 3000x4096 --max-binding 1048576', ['Dispatch 2 of 47', 'x (read, 1048576 bytes from 1048576 on)']],
  ['backward --shape 8x64 --dsum --rstd', ['load_dsum(place)', 'load_rstd(tile)'], ['sum_of_squares']],
  ['backward --shape 8x64 --eps-mode clamp --rstd', ['load_rstd(tile)', 'sum_of_squares']],
  ['forwardQuantized --shape 8x64 --quant-scale 0.5', ['RowValues(params.given_scale)']],
  ['scaleBy --shape 8x64 --count 128', ['statistic_of_sum(load_sums(tile))']],
  ['--help', ['pnpm wgsl OPERATION --shape SHAPE', '--dispatch']],
])('%s', (command, has, lacks = []) => {
  const text = printed(command);
  for (const part of has) expect(text).toContain(part);
  for (const part of lacks) expect(text).not.toContain(part);
});

test.each([
  ['', "there is no operation ''"],
  ['sideways', "there is no operation 'sideways': it is one of forward, addForward"],
  ['forward', '--shape is missing: the shape of x, such as --shape 8x4096'],
  ['forward --shape 8x', "--shape is lengths with an x between them, such as 8x4096; got '8x'"],
  ['forward --shape 8x4096 more', "what is 'more'?"],
  ['forward --shap 8x4096', "Unknown option '--shap'"],
  ['forward --shape 8x4096 --axis 3', '--shape 8x4096 has no axis 3: give --axis'],
  ['forward --shape 8x4096 --axis one', "--axis is a number; got 'one'"],
  ['forward --shape 8x4096 --dim 512', 'RMSNORM_SHAPE: a tensor of shape [8, 4096] has [4096], not [512] at axis 1'],
  ['forward --shape 8x4096 --groups 3', 'RMSNORM_INVALID_OPTION: groups must divide dim'],
  ['forward --shape 8x4096 --eps-mode outside', "RMSNORM_INVALID_OPTION: epsMode must be 'add' or 'clamp'"],
  ['forward --shape 8x4096 --dtype int8', "--dtype is float32, or float16, or bfloat16; got 'int8'"],
  ['forward --shape 8x4096 --subgroups 12', '--subgroups is a power of two from 4 to 128'],
  ['forward --shape 8x4096 --dsum', 'forward has no dsum: leave out --dsum'],
  ['forward --shape 8x4096 --dispatch 2', '--dispatch is a number from 1 to 1'],
  ['sumSquares --shape 8x4096 --partial 0.5', 'sumSquares needs --partial 1'],
  ['forwardQuantized --shape 8x4096 --in-place', 'no output of forwardQuantized may lie in an input'],
  [
    'forward --shape 8x4096 --max-binding 4096',
    'RMSNORM_UNSUPPORTED: [8, 1, 4096, 1] float32 needs bindings of 16384 bytes',
  ],
])("a mistake is one line with the way out, and exit code 2: '%s'", (command, message) => {
  const { stdout, stderr, code } = wgslCommand(command.split(' '));
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^wgsl: [^\n]+ \(pnpm wgsl --help lists all options\)\n$/);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});

test("the root's script runs it", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: { wgsl: string } };
  const [program, ...args] = scripts.wgsl.split(' ');
  expect(program).toBe('node');
  // Not as if pnpm ran it, which builds first.
  const { npm_lifecycle_event: _, ...env } = process.env;
  const run = (...more: string[]) => promisify(execFile)(process.execPath, [...args, ...more], { cwd: root, env });
  const { stdout } = await run('forward', '--shape', '8x64', '--axis', '-1');
  expect(stdout).toBe(printed('forward --shape 8x64 --axis -1'));
  await expect(run('forward')).rejects.toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^wgsl: /) });
});
