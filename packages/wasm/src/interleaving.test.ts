import { expect, test } from 'vitest';
import { Interleaving, InterleavingTrials } from './interleaving.ts';

const problem = {
  outer: 2048,
  groups: 1,
  size: 1024,
  inner: 1,
  statSize: 1024,
  dtype: 'float32',
  eps: 1e-6,
  epsMode: 'add',
  alpha: 1,
  weightOffset: 0,
  casting: 'gemma',
} as const;

/** Runs both orders at these speeds, and gives the orders of the runs. */
function tried(
  trials: InterleavingTrials,
  clock: { time: number },
  interleaved: number,
  inTurn: number,
  runs: number,
): boolean[] {
  return Array.from({ length: runs }, () => {
    const order = trials.interleaved;
    trials.try(1000, () => {
      clock.time += order ? interleaved : inTurn;
    });
    return order;
  });
}

test.each([
  ['in turn', 2, 1],
  ['interleaved', 1, 2],
  ['interleaved', 100, 95],
])('the order that was faster stays: %s', (name, interleaved, inTurn) => {
  const clock = { time: 0 };
  const trials = new InterleavingTrials(() => clock.time);
  const orders = tried(trials, clock, interleaved, inTurn, 18);
  expect(orders.filter(Boolean)).toHaveLength(9);
  expect(trials.interleaved).toBe(name === 'interleaved');
  // Once chosen, no later run changes it.
  tried(trials, clock, inTurn, interleaved, 50);
  expect(trials.interleaved).toBe(name === 'interleaved');
});

test('a run that something else held up does not decide', () => {
  const clock = { time: 0 };
  const trials = new InterleavingTrials(() => clock.time);
  tried(trials, clock, 2, 1, 1);
  tried(trials, clock, 2, 1000, 1);
  tried(trials, clock, 2, 1, 16);
  expect(trials.interleaved).toBe(false);
});

test('without a clock rows are scaled while the next are summed', () => {
  const trials = new InterleavingTrials(null);
  tried(trials, { time: 0 }, 2, 1, 30);
  expect(trials.interleaved).toBe(true);
});

test('there is a choice for float32 rows of up to 8 KB beyond the caches, one for each size', () => {
  const interleaving = new Interleaving();
  expect(interleaving.trialsOf(problem, problem)).toBe(interleaving.trialsOf(problem, problem));
  expect(interleaving.trialsOf({ ...problem, size: 512 }, problem)).not.toBe(interleaving.trialsOf(problem, problem));
  expect(interleaving.trialsOf(problem, { outer: 64, groups: 1, inner: 1 })).toBeNull();
  expect(interleaving.trialsOf({ ...problem, size: 4096 }, problem)).toBeNull();
  expect(interleaving.trialsOf({ ...problem, size: 64 }, { ...problem, outer: 100000 })).not.toBeNull();
  expect(interleaving.trialsOf({ ...problem, dtype: 'bfloat16' }, problem)).toBeNull();
  expect(interleaving.trialsOf({ ...problem, inner: 2 }, problem)).toBeNull();
  expect(interleaving.trialsOf({ ...problem, statSize: 512 }, problem)).toBeNull();
});
