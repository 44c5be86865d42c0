import { expect, test } from 'vitest';
import { OrderTrials, RowOrders } from './row-orders.ts';

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
function tried(trials: OrderTrials, clock: { time: number }, together: number, apart: number, runs: number): boolean[] {
  return Array.from({ length: runs }, () => {
    const order = trials.apart;
    trials.begin(1000);
    clock.time += order ? apart : together;
    trials.end();
    return order;
  });
}

test.each([
  ['apart', 2, 1],
  ['together', 1, 2],
  ['together', 100, 95],
])('the order that was faster stays: %s', (name, together, apart) => {
  const clock = { time: 0 };
  const trials = new OrderTrials(() => clock.time);
  const orders = tried(trials, clock, together, apart, 18);
  expect(orders.filter(Boolean)).toHaveLength(9);
  expect(trials.apart).toBe(name === 'apart');
  // Once chosen, no later run changes it.
  tried(trials, clock, apart, together, 50);
  expect(trials.apart).toBe(name === 'apart');
});

test('a run that something else held up does not decide', () => {
  const clock = { time: 0 };
  const trials = new OrderTrials(() => clock.time);
  tried(trials, clock, 2, 1, 1);
  tried(trials, clock, 2, 1000, 1);
  tried(trials, clock, 2, 1, 16);
  expect(trials.apart).toBe(true);
});

test('without a clock rows are scaled while the next are summed', () => {
  const trials = new OrderTrials(null);
  tried(trials, { time: 0 }, 2, 1, 30);
  expect(trials.apart).toBe(false);
});

test('there is a choice for float32 rows of up to 8 KB beyond the caches, one for each size', () => {
  const orders = new RowOrders();
  expect(orders.trialsOf(problem, problem)).toBe(orders.trialsOf(problem, problem));
  expect(orders.trialsOf({ ...problem, size: 512 }, problem)).not.toBe(orders.trialsOf(problem, problem));
  expect(orders.trialsOf(problem, { outer: 64, groups: 1, inner: 1 })).toBeNull();
  expect(orders.trialsOf({ ...problem, size: 4096 }, problem)).toBeNull();
  expect(orders.trialsOf({ ...problem, size: 64 }, { ...problem, outer: 100000 })).not.toBeNull();
  expect(orders.trialsOf({ ...problem, dtype: 'bfloat16' }, problem)).toBeNull();
  expect(orders.trialsOf({ ...problem, inner: 2 }, problem)).toBeNull();
  expect(orders.trialsOf({ ...problem, statSize: 512 }, problem)).toBeNull();
});
