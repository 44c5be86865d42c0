import { expect, it } from 'vitest';
import type { Goal } from '../goals.ts';
import type { WorkloadResult } from '../results.ts';
import { ratio } from './format.ts';
import { goalTable } from './goal-table.ts';
import { ratioTables } from './ratio-tables.ts';
import { asMarkdown, asText } from './table.ts';

const q = (median: number) => ({ q1: median * 0.9, median, q3: median * 1.1 });
const timed = { status: 'timed', count: 3, nanoseconds: q(1) } as const;

function result(shape: string, overCopy: number, tfjs: number | null): WorkloadResult {
  return {
    id: `resident/float32/${shape}`,
    place: 'resident',
    dtype: 'float32',
    shape,
    bytesMoved: 8,
    cpuShare: 1,
    outcomes: [
      { ...timed, name: 'rmsnorm-wasm', gigabytesPerSecond: 12.345, ratio: q(1) },
      { ...timed, name: 'simd-copy', gigabytesPerSecond: 20, ratio: q(overCopy) },
      tfjs === null
        ? { name: 'tfjs-wasm', status: 'unable', reason: 'out of luck' }
        : { ...timed, name: 'tfjs-wasm', gigabytesPerSecond: 1, ratio: q(tfjs) },
    ],
  };
}

it('shows ratios with three digits that mean something', () => {
  expect([0.0712, 0.7, 9.999, 14.23, 180.4].map(ratio)).toEqual(['0.07', '0.70', '10.00', '14.2', '180']);
});

it('prints one aligned table for each family, with the mean of those that ran and the reasons of those that did not', () => {
  const [table, ...rest] = ratioTables([result('1x8', 0.5, 10), result('1024x8', 0.5, null)]);
  expect(rest).toEqual([]);
  expect(asText(table!).split('\n')).toEqual([
    'float32, resident: speed of rmsnorm-wasm over each; median [quartiles]',
    'size             GB/s         simd-copy         tfjs-wasm',
    '--------------  -----  ----------------  ----------------',
    '1x8             12.35  0.50 [0.45 0.55]  10.0 [9.00 11.0]',
    '1024x8          12.35  0.50 [0.45 0.55]            unable',
    'geometric mean                     0.50              10.0',
    'tfjs-wasm did not run: out of luck (1024x8)',
  ]);
});

it('says where others had the processor', () => {
  const [table] = ratioTables([result('1x8', 0.5, 1), { ...result('2x8', 0.5, 1), cpuShare: 0.614 }]);
  expect(table!.notes).toEqual([
    'the machine was busy, do not quote: this process had only so much of a core: 2x8 61 %',
  ]);
});

it('keeps places and dtypes apart', () => {
  const outside: WorkloadResult = { ...result('1x8', 0.5, 1), place: 'outside' };
  expect(ratioTables([result('1x8', 0.5, 1), outside]).map(({ title }) => title.split(':')[0])).toEqual([
    'float32, resident',
    'float32, outside',
  ]);
});

it('leaves out a column in which nobody ran, but says why', () => {
  const [table] = ratioTables([result('1x8', 0.5, null), result('1024x8', 0.5, null)]);
  expect(table!.head).toEqual(['size', 'GB/s', 'simd-copy']);
  expect(table!.notes).toEqual(['tfjs-wasm did not run: out of luck']);
});

it('writes the same table as Markdown', () => {
  expect(asMarkdown({ title: 'T', head: ['a', 'b'], rows: [['x', '1']], notes: ['n'] })).toBe(
    '### T\n\n| a | b |\n| --- | --: |\n| x | 1 |\n\n- n',
  );
});

it('lists every loss again below the goals, the overhead among them', () => {
  const goal: Goal = {
    place: 'resident',
    dtype: 'float32',
    over: 'simd-copy',
    shapes: 'all',
    of: 'each',
    atLeast: 0.6,
  };
  const { rows, notes } = goalTable(
    [
      { goal, at: '1x8', reached: 0.61, met: true },
      { goal, at: '1024x8', reached: 0.5, met: false },
    ],
    { shape: '1x64', forwardNanoseconds: q(900), kernelNanoseconds: q(200), overheadNanoseconds: q(700) },
  );
  expect(rows.map((row) => row.at(-1))).toEqual(['met', 'MISSED', 'MISSED']);
  expect(notes).toEqual([
    '1 of 3 goals met; missed:',
    '  float32, resident, over simd-copy, 1024x8: 0.50, goal >= 0.6',
    '  forward with out, beyond its kernel, 1x64: 700 ns, goal <= 500 ns',
  ]);
});
