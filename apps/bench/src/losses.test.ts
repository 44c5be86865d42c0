import { expect, it } from 'vitest';
import { losses } from './losses.ts';
import type { TimedOutcome, WorkloadResult } from './results.ts';

const timed = (name: TimedOutcome['name'], ratio: number): TimedOutcome => ({
  name,
  status: 'timed',
  count: 1,
  turns: 1,
  mistake: null,
  nanoseconds: { q1: 1, median: 1, q3: 1 },
  gigabytesPerSecond: 1,
  ratio: { q1: ratio, median: ratio, q3: ratio },
});

const work: WorkloadResult = {
  id: 'node/llm/resident/float32/1x8',
  target: 'node',
  family: 'llm',
  op: 'forward',
  place: 'resident',
  dtype: 'float32',
  shape: '1x8',
  threads: 1,
  bytesMoved: 64,
  rounds: 1,
  cpuShare: 1,
  outcomes: [timed('rmsnorm-wasm', 1), timed('simd-copy', 0.5), timed('onnxruntime-node', 0.9), timed('plain-js', 1)],
};

it('names every peer that is faster; a copy is none', () => {
  expect(losses([work], new Set(['simd-copy']))).toEqual([
    { id: work.id, to: 'onnxruntime-node', ratio: 0.9, wrong: false },
  ]);
});

it('says of a loss that the faster one is wrong', () => {
  const outcomes = [
    ...work.outcomes.slice(0, 2),
    { ...timed('onnxruntime-node', 0.9), mistake: 'y: element 1 is 2, not 3' },
  ];
  expect(losses([{ ...work, outcomes }], new Set(['simd-copy']))).toEqual([
    { id: work.id, to: 'onnxruntime-node', ratio: 0.9, wrong: true },
  ]);
});

it('says nothing where ours did not run', () => {
  const outcomes = [{ name: 'rmsnorm-wasm', status: 'unable', reason: 'none' } as const, ...work.outcomes.slice(1)];
  expect(losses([{ ...work, outcomes }], new Set(['simd-copy']))).toEqual([]);
});
