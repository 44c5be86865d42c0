import { expect, it } from 'vitest';
import { timedOutcome, workloadResult } from '../../test/results.ts';
import type { CandidateName } from '../candidate.ts';
import type { Goal } from '../goals.ts';
import type { WorkloadResult } from '../results.ts';
import { callsTable } from './calls-table.ts';
import { ratio } from './format.ts';
import { goalTable } from './goal-table.ts';
import { lossTable } from './loss-table.ts';
import { meanTable } from './mean-table.ts';
import { ratioTables } from './ratio-tables.ts';
import { merged, reportOf } from './report.ts';
import { asMarkdown, asText } from './table.ts';

const q = (median: number) => ({ q1: median * 0.9, median, q3: median * 1.1 });
const timed = (name: CandidateName, gigabytesPerSecond: number, ratio: number) =>
  timedOutcome(name, ratio, { turns: 41, nanoseconds: q(1), gigabytesPerSecond, ratio: q(ratio) });

function result(shape: string, overCopy: number, tfjs: number | null): WorkloadResult {
  const outcomes = [
    timed('rmsnorm-wasm', 12.345, 1),
    timed('simd-copy', 20, overCopy),
    tfjs === null
      ? ({ name: 'tfjs-wasm', status: 'unable', reason: 'out of luck' } as const)
      : timed('tfjs-wasm', 1, tfjs),
  ];
  return workloadResult(shape, outcomes, { rounds: 41 });
}

it('shows ratios with three digits that mean something', () => {
  expect([0.0712, 0.7, 9.999, 14.23, 180.4].map(ratio)).toEqual(['0.07', '0.70', '10.00', '14.2', '180']);
});

it('prints one aligned table for each family, with the mean of those that ran and the reasons of those that did not', () => {
  const [table, ...rest] = ratioTables([result('1x8', 0.5, 10), result('1024x8', 0.5, null)]);
  expect(rest).toEqual([]);
  expect(asText(table!).split('\n')).toEqual([
    'node, llm, float32, resident: speed of rmsnorm-wasm over each; median [quartiles]',
    'size             GB/s         simd-copy         tfjs-wasm',
    '--------------  -----  ----------------  ----------------',
    '1x8             12.35  0.50 [0.45 0.55]  10.0 [9.00 11.0]',
    '1024x8          12.35  0.50 [0.45 0.55]            unable',
    'geometric mean                     0.50              10.0',
    'tfjs-wasm did not run: out of luck (1024x8)',
  ]);
});

it('says who is wrong, in the cell too, and leaves it out of the mean; and who had fewer turns', () => {
  const [right, wrong] = [result('1x8', 0.5, 10), result('1024x8', 0.5, 3)];
  const outcomes = wrong.outcomes.map((outcome) =>
    outcome.name === 'tfjs-wasm'
      ? { ...outcome, turns: 6, nanoseconds: q(5.9e9), mistake: 'its result is wrong: y: element 1 is 2, not 3' }
      : outcome,
  );
  const tables = [right, { ...wrong, outcomes }];
  const [table] = ratioTables(tables as WorkloadResult[]);
  expect(table!.rows.map((row) => row.at(-1))).toEqual(['10.0 [9.00 11.0]', '3.00 [2.70 3.30] WRONG', '10.0']);
  expect(table!.notes).toEqual([
    'tfjs-wasm: its result is wrong: y: element 1 is 2, not 3 (1024x8)',
    'tfjs-wasm had 6 of 41 turns: a run takes 5900 ms (1024x8)',
  ]);
  expect(meanTable(tables as WorkloadResult[]).rows[0]!.at(-1)).toBe('10.0 (1)');
  expect(ratioTables([tables[1] as WorkloadResult])[0]!.rows[0]!.at(-1)).toContain('WRONG');
  expect(lossTable([{ id: 'a', to: 'tfjs-wasm', ratio: 0.5, wrong: true }], 0).rows).toEqual([
    ['a', 'tfjs-wasm', '0.50 WRONG'],
  ]);
});

it('says where others had the processor', () => {
  const [table] = ratioTables([result('1x8', 0.5, 1), { ...result('2x8', 0.5, 1), cpuShare: 0.614 }]);
  expect(table!.notes).toEqual([
    'the machine was busy, do not quote: this process had only so much of a core: 2x8 61 %',
  ]);
});

it('keeps targets, families, places and threads apart', () => {
  const one = result('1x8', 0.5, 1);
  const others = [
    { ...one, place: 'end-to-end' as const },
    { ...one, family: 'groups' },
    { ...one, target: 'chromium' as const },
    { ...one, threads: 2 },
  ];
  expect(ratioTables([one, ...others]).map(({ title }) => title.split(':')[0])).toEqual([
    'node, llm, float32, resident',
    'node, llm, float32, end-to-end',
    'node, groups, float32, resident',
    'chromium, llm, float32, resident',
    'node, llm, float32, resident, 2 threads',
  ]);
});

it('shows plain speeds where ours did not run, and says why', () => {
  const [ours, ...others] = result('1x8', 0.5, 10).outcomes;
  const outcomes = [{ name: ours!.name, status: 'unable', reason: 'not built' } as const, ...others];
  const [table] = ratioTables([{ ...result('1x8', 0.5, 10), outcomes }]);
  expect(table!.head).toEqual(['size', 'simd-copy', 'tfjs-wasm']);
  expect(table!.rows).toEqual([['1x8', '20.000', '1.000']]);
  expect(table!.notes).toEqual(['rmsnorm-wasm did not run: not built']);
  expect(lossTable([], 1).notes).toEqual(['none', 'not judged, since ours did not run: 1 workloads']);
});

it('puts the geometric means of all tables side by side, with how many sizes a peer ran', () => {
  const { head, rows } = meanTable([result('1x8', 0.5, 10), result('1024x8', 0.125, null)]);
  expect(head).toEqual(['table', 'sizes', 'simd-copy', 'tfjs-wasm']);
  expect(rows).toEqual([['node, llm, float32, resident', '2', '0.25', '10.0 (1)']]);
});

it('says nothing of the processor where a GPU works', () => {
  expect(ratioTables([{ ...result('1x8', 0.5, 1), cpuShare: null }])[0]!.notes).toEqual([]);
});

it('merges runs: the last figures of a workload count, other machines are refused', () => {
  const environment = { cpu: 'a', cores: 2, memoryGiB: 1, system: 'b', threads: 1, versions: {} };
  const method = { rounds: 1, leastMs: 1, warmUpMs: 1, turnsMs: 1, longestMs: 1, limitMs: 1 };
  const run = (date: string, results: WorkloadResult[]) =>
    reportOf({
      date,
      environment,
      targets: [{ target: 'node', engine: 'n', legend: {}, method }],
      results,
      overhead: [],
      webgpuCalls: null,
      firstResult: [],
      failures: [],
    });
  const both = merged([run('1', [result('1x8', 0.5, 2)]), run('2', [result('1x8', 0.5, 0.25), result('2x8', 0.5, 3)])]);
  expect(both.results.map(({ id }) => id)).toEqual(['node/llm/resident/float32/1x8', 'node/llm/resident/float32/2x8']);
  expect(both.losses).toEqual([{ id: 'node/llm/resident/float32/1x8', to: 'tfjs-wasm', ratio: 0.25, wrong: false }]);
  expect(both.targets).toHaveLength(1);
  const elsewhere = { ...run('3', []), environment: { ...environment, cpu: 'z' } };
  expect(() => merged([both, elsewhere])).toThrow('the run of 3 was made elsewhere');
  const { rounds: _, ...old } = result('1x8', 0.5, 2);
  expect(() => merged([{ ...both, results: [old as WorkloadResult] }])).toThrow('made by an older bench');
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
    target: 'node',
    families: 'forward',
    place: 'resident',
    dtype: 'float32',
    over: 'simd-copy',
    shapes: 'all',
    of: 'each',
    atLeast: 0.6,
  };
  const times = { forwardNanoseconds: q(900), kernelNanoseconds: q(200), kernelOverSimdCopy: q(0.05) };
  const { rows, notes } = goalTable(
    [
      { goal, at: '1x8', reached: 0.61, met: true, wrong: false },
      { goal, at: '1024x8', reached: 0.5, met: false, wrong: true },
    ],
    [
      { shape: '1x64', ...times, overheadNanoseconds: q(700), kernelOverPlainCopy: q(0.1) },
      { shape: '1x4096', ...times, overheadNanoseconds: q(100), kernelOverPlainCopy: q(0.44) },
    ],
  );
  expect(rows.map((row) => row.at(-1))).toEqual(['met', 'MISSED', 'MISSED', 'met', 'MISSED']);
  expect(notes).toEqual([
    '2 of 5 goals met; missed:',
    '  node, float32, resident, over simd-copy, 1024x8: 0.50 WRONG, goal >= 0.6',
    '  forward with out, beyond its kernel, 1x64: 700 ns, goal <= 500 ns',
    '  node, float32, the kernel, over plain-copy, 1x4096: 0.44, goal >= 0.45',
    'WRONG: the other gives a wrong result there, see below its table',
  ]);
});

it("shows microseconds by the GPU's clock", () => {
  const outcomes = [timed('rmsnorm-webgpu', 100, 1), timed('buffer-copy', 200, 0.5)].map((outcome) => ({
    ...outcome,
    nanoseconds: q(1500),
  }));
  const [table] = ratioTables([workloadResult('1x8', outcomes, { target: 'gpu-clock', family: 'forward' })]);
  expect(table!.head).toEqual(['size', 'µs', 'GB/s', 'buffer-copy']);
  expect(table!.rows).toEqual([['1x8', '1.5', '100.00', '0.50 [0.45 0.55]']]);
});

it('shows the speed of threads over one by elements, and how many rounds count', () => {
  const one = { ...timed('rmsnorm-one-thread', 1, 1.5), nanoseconds: q(20_500) };
  const result = workloadResult('1x8', [timed('rmsnorm-wasm', 1, 1), one], {
    ...{ target: 'threads', family: 'forward', threads: 2 },
    ...{ rounds: 41, attempts: 43 },
  });
  expect(ratioTables([result])[0]).toEqual({
    title: 'threads, forward, float32, resident, 2 threads: speed over one thread; median [quartiles]',
    head: ['size', 'elements', 'one thread, µs', 'speed over it', 'rounds'],
    rows: [['1x8', '8', '20.5', '1.50 [1.35 1.65]', '41 of 43']],
    notes: [],
  });
});

it('shows what calls cost, in microseconds', () => {
  const time = (ns: number) => ({ leastNanoseconds: ns, medianNanoseconds: 2 * ns });
  const calls = [{ call: 'forward(x, out)', javaScript: time(500), withDawn: time(2500) }];
  const table = callsTable({ device: 'a GPU', rounds: 25, callsInRound: 200, calls });
  expect(table.title).toContain('25 rounds of 200 calls; a GPU');
  expect(table.rows).toEqual([['forward(x, out)', '0.5', '1.0', '2.5', '5.0']]);
});
