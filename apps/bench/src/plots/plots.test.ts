import { expect, it } from 'vitest';
import { timedOutcome, workloadResult } from '../../test/results.ts';
import type { CandidateName } from '../candidate.ts';
import type { WorkloadResult } from '../results.ts';
import { plotsOf } from './index.ts';
import { pointsOf } from './points.ts';

function result(shape: string, bytesMoved: number, family = 'llm'): WorkloadResult {
  const timed = (name: CandidateName, ns: number) =>
    timedOutcome(name, 1, {
      nanoseconds: { q1: ns / 2, median: ns, q3: ns * 2 },
      gigabytesPerSecond: bytesMoved / ns,
    });
  const outcomes = [
    timed('rmsnorm-wasm', 100),
    timed('simd-copy', 50),
    timed('tfjs-wasm', 4000),
    { name: 'jax-wasm', status: 'unable', reason: 'none' } as const,
  ];
  return workloadResult(shape, outcomes, { family, bytesMoved });
}

it('speed and its quartiles are those of the times, the other way round', () => {
  expect(pointsOf([result('1x8', 2000)])[0]).toEqual({
    candidate: 'rmsnorm-wasm',
    megabytes: 0.002,
    gigabytesPerSecond: 20,
    q1: 10,
    q3: 40,
    shape: '1x8',
  });
});

it('has no point for who is wrong', () => {
  const right = result('1x8', 2000);
  const outcomes = right.outcomes.map((outcome) =>
    outcome.name === 'tfjs-wasm' ? { ...outcome, mistake: 'y: element 1 is 2, not 3' } : outcome,
  );
  expect(pointsOf([{ ...right, outcomes }]).map(({ candidate }) => candidate)).toEqual(['rmsnorm-wasm', 'simd-copy']);
});

it('draws a table with at least two sizes, a line for each who ran, the copy dashed', async () => {
  const plots = await plotsOf(
    [result('1x8', 2000), result('1x4096', 2e6), result('1x8', 2000, 'groups')],
    new Set(['simd-copy']),
  );
  expect(plots.map(({ file }) => file)).toEqual(['node-llm-float32-resident.svg']);
  const svg = plots[0]!.svg;
  expect(svg).toMatch(/^<svg/);
  for (const text of [
    'rmsnorm-wasm',
    'simd-copy',
    'tfjs-wasm',
    'GB/s',
    'bytes moved, MB',
    'node, llm, float32, resident',
  ]) {
    expect(svg).toContain(text);
  }
  expect(svg).not.toContain('jax-wasm');
  expect(svg).not.toContain('NaN');
  expect(svg.match(/stroke-dasharray="6,3"/g)?.length).toBeGreaterThanOrEqual(1);
});

it('refuses nothing: no results, no plots', async () => {
  expect(await plotsOf([], new Set())).toEqual([]);
});
