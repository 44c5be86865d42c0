import { expect, it } from 'vitest';
import { calibrate } from './calibrate.ts';

/** A clock that only runs move, by `cost` milliseconds each. */
function simulated(cost: number) {
  let ms = 0;
  let runs = 0;
  const run = (count: number): void => {
    ms += cost * count;
    runs += count;
  };
  return { run, now: () => ms, runs: () => runs };
}

it('finds how many runs fill the least time, with a tenth more', async () => {
  const { run, now } = simulated(1 / 64);
  expect(await calibrate(run, 1, 0, now)).toBe(71);
});

it('is not misled by a try that was disturbed', async () => {
  let ms = 0;
  let tries = 0;
  const run = (count: number): void => {
    ms += (tries++ === 3 ? 10 : 1) * count * 0.125;
  };
  expect(await calibrate(run, 1, 0, () => ms)).toBe(9);
});

it('takes one run where one is enough', async () => {
  const { run, now } = simulated(40);
  expect(await calibrate(run, 1, 0, now)).toBe(1);
});

it('runs for the warm-up at least', async () => {
  const { run, now, runs } = simulated(5);
  await calibrate(run, 1, 100, now);
  expect(runs()).toBeGreaterThanOrEqual(20);
});
