import { expect, it } from 'vitest';
import { timedOutcome as timed, workloadResult } from '../test/results.ts';
import { losses } from './losses.ts';

const work = workloadResult('1x8', [
  timed('rmsnorm-wasm'),
  timed('simd-copy', 0.5),
  timed('onnxruntime-node', 0.9),
  timed('plain-js', 1),
]);

it('names every peer that is faster; a copy is none', () => {
  expect(losses([work], new Set(['simd-copy']))).toEqual([
    { id: work.id, to: 'onnxruntime-node', ratio: 0.9, wrong: false },
  ]);
});

it('says of a loss that the faster one is wrong', () => {
  const outcomes = [
    ...work.outcomes.slice(0, 2),
    timed('onnxruntime-node', 0.9, { mistake: 'y: element 1 is 2, not 3' }),
  ];
  expect(losses([{ ...work, outcomes }], new Set(['simd-copy']))).toEqual([
    { id: work.id, to: 'onnxruntime-node', ratio: 0.9, wrong: true },
  ]);
});

it('says nothing where ours did not run', () => {
  const outcomes = [{ name: 'rmsnorm-wasm', status: 'unable', reason: 'none' } as const, ...work.outcomes.slice(1)];
  expect(losses([{ ...work, outcomes }], new Set(['simd-copy']))).toEqual([]);
});

it('a faster variant of ours is no loss', () => {
  const outcomes = [timed('rmsnorm-wasm'), timed('rmsnorm-one-thread', 0.9)];
  expect(losses([{ ...work, outcomes }], new Set())).toEqual([]);
});
