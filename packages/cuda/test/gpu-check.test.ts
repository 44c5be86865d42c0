import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cuda } from '@rmsnorm/cuda';
import { afterAll, describe, expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';

const scripts = new URL('../scripts/gpu-check/', import.meta.url);
const here = await cuda({ device: 'emulated' }).probe();
const folder = mkdtempSync(join(tmpdir(), 'gpu-check-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A part of the scripts, which are plain JavaScript. */
const part = (name: string) => import(new URL(name, scripts).href);
const { difference, hashOf } = await part('suite/bits.mjs');
const { figuresOf } = await part('speed/judge.mjs');
const { rowsOf } = await part('speed/rows.mjs');

function gpuCheck(place: string, ...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('sh', [join(place, 'gpu-check'), ...args], {
    encoding: 'utf8',
    timeout: 170_000,
    env: { ...process.env, RMSNORM_CUDA_DEVICE: 'emulated' },
  });
  return { status, text: stdout + stderr };
}

const output = (dtype: string, bits: Uint32Array | Uint16Array) => ({
  ...{ call: `call 1: forward ${dtype} 1x1x3x1`, name: 'y', dtype, error: undefined },
  bytes: new Uint8Array(bits.buffer),
});

describe('bits', () => {
  const recording = [output('float32', Uint32Array.of(0x3f800000, 0x7fc00000, 0x40000000))];

  test('another NaN is no difference, another bit is one', () => {
    const otherNaN = [output('float32', Uint32Array.of(0x3f800000, 0xffffffff, 0x40000000))];
    const otherBit = [output('float32', Uint32Array.of(0x3f800000, 0x7fc00000, 0x40000001))];
    expect(difference(recording, otherNaN)).toBe(null);
    expect(hashOf(recording)).toBe(hashOf(otherNaN));
    expect(difference(recording, otherBit)).toBe(
      'call 1: forward float32 1x1x3x1: y[2] is 2 (0x40000000), emulated 2.000000238418579 (0x40000001); 1 of 3 elements differ',
    );
    expect(hashOf(recording)).not.toBe(hashOf(otherBit));
  });

  test('minus zero is not zero, in 16 bits too', () => {
    const one = [output('bfloat16', Uint16Array.of(0x8000, 0, 0))];
    const other = [output('bfloat16', Uint16Array.of(0, 0, 0))];
    expect(difference(one, other)).toMatch(/y\[0\] is 0 \(0x8000\), emulated 0 \(0x0\); 1 of 3/);
  });

  test('so is a call that is missing, or that only one refuses', () => {
    expect(difference(recording, [])).toBe('1 outputs on the device, 0 emulated');
    const refused = [{ call: recording[0]!.call, name: 'y', error: 'OUT_OF_MEMORY' }];
    expect(difference(recording, refused)).toMatch(/no error on the device, OUT_OF_MEMORY emulated/);
  });
});

describe('figures', () => {
  const row = { op: 'forward', size: 4096, inner: 1, target: 0.92, read: 1e9, written: 1e9 };
  const times = (ours: number, others = {}) => ({ ours: [ours], copyPlain: [1], copyGraph: [1.2], ...others });

  test('are held against the faster copy, and against the others', () => {
    const slow = figuresOf(row, times(2, { eager: [1.5], compile: [2] }));
    expect(slow).toMatchObject({ fraction: 0.5, terabytes: 1, suspect: [] });
    expect(slow.missed).toEqual(['0.50 of the copy, wanted 0.92', '0.75 times eager, wanted 0.97']);
    expect(figuresOf(row, times(1.05, { eager: [3], compile: [1.1] }))).toMatchObject({ missed: [], suspect: [] });
  });

  test('that are too good, or of copies that do not agree, are suspect', () => {
    const { suspect } = figuresOf(row, times(0.9, { compile: [1.2], copy: [1.5] }));
    expect(suspect).toEqual([
      'above 0.98 of the copy',
      '1.33 times compile, above 1.15',
      "PyTorch's copy takes 1.50 times as long as ours",
    ]);
  });

  test('the table has every operation, and each dtype of each shape', () => {
    const rows: { op: string; dtype: string; read: number; name: string }[] = rowsOf(false);
    expect(new Set(rows.map(({ op }) => op)).size).toBe(5);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const dtype of ['float32', 'float16', 'bfloat16'])
      expect(rows.filter((each) => each.dtype === dtype)).toHaveLength(rows.length / 3);
  });
});

test('a packed folder runs by itself, on the emulated device', { timeout: 180_000 }, ({ skip }) => {
  if (!here.ok) return lacking(skip, `${here.code}: ${here.reason}`);
  const packed = join(folder, 'packed');
  expect(gpuCheck(fileURLToPath(scripts), 'pack', packed, '--node', 'none')).toMatchObject({ status: 0 });
  const out = join(folder, 'out');
  const { status, text } = gpuCheck(packed, 'run', '--filter', 'forward/axis', '--out', out);
  expect(text).toContain('This is the emulated device, no GPU.');
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  expect(report.problems).toEqual([]);
  expect(report.suite).toMatchObject({ failed: 0, differences: [], broken: [] });
  expect(report.suite.passed).toBeGreaterThan(20);
  expect(report.host.graphs.same).toBe(true);
  expect(report.speed.rows).toHaveLength(rowsOf(true).length);
  expect(existsSync(join(out, 'report.md'))).toBe(true);
  expect(status).toBe(0);
});

test('what is no command or option is refused', ({ skip }) => {
  if (process.platform === 'win32') return skip('not on Windows, which has no sh');
  const place = fileURLToPath(scripts);
  expect(gpuCheck(place, 'walk')).toMatchObject({ status: 2 });
  expect(gpuCheck(place, 'run', '--only', 'speeds').text).toContain("got 'speeds'");
  expect(gpuCheck(place, 'run', '--device', 'first')).toMatchObject({ status: 2 });
});
