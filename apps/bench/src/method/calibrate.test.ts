import { expect, it } from 'vitest';
import { calibrate } from './calibrate.ts';
import { wallClock } from './stopwatch.ts';

/** A stopwatch whose clock moves by `cost` milliseconds with each run, and by nothing else. */
function simulated(cost: number) {
  let ms = 0;
  let runs = 0;
  const run = (count: number): void => {
    ms += cost * count;
    runs += count;
  };
  return { stopwatch: wallClock(run, () => ms), runs: () => runs };
}

it('finds how many runs fill the least time, with a tenth more', async () => {
  const { stopwatch } = simulated(1 / 64);
  expect(await calibrate(stopwatch, { leastMs: 1, warmUpMs: 0 })).toBe(71);
});

it('is not misled by a try that was disturbed', async () => {
  let ms = 0;
  let tries = 0;
  const run = (count: number): void => {
    ms += (tries++ === 3 ? 10 : 1) * count * 0.125;
  };
  const stopwatch = wallClock(run, () => ms);
  expect(await calibrate(stopwatch, { leastMs: 1, warmUpMs: 0 })).toBe(9);
});

it('takes one run where one is enough', async () => {
  const { stopwatch } = simulated(40);
  expect(await calibrate(stopwatch, { leastMs: 1, warmUpMs: 0 })).toBe(1);
});

it('runs for the warm-up at least', async () => {
  const { stopwatch, runs } = simulated(5);
  await calibrate(stopwatch, { leastMs: 1, warmUpMs: 100 });
  expect(runs()).toBeGreaterThanOrEqual(20);
});

it('takes no more runs than are allowed, whatever time they take', async () => {
  const { stopwatch } = simulated(1 / 64);
  expect(await calibrate(stopwatch, { leastMs: 1, warmUpMs: 0, mostRuns: 50 })).toBe(50);
});
