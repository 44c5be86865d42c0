import { expect, it } from 'vitest';
import { medianCall, wallClock } from './stopwatch.ts';

it('times what a run takes, until its promise settles', async () => {
  let ms = 0;
  const now = (): number => ms;
  const direct = wallClock((count) => {
    ms += 2 * count;
  }, now);
  const waiting = wallClock(async (count) => {
    await Promise.resolve();
    ms += 3 * count;
  }, now);
  expect([await direct(4), await waiting(4)]).toEqual([8, 12]);
});

it('counts each call as the median one: an interruption does not show', async () => {
  let ms = 0;
  let calls = 0;
  const stopwatch = medianCall(
    () => {
      ms += ++calls === 3 ? 1000 : 2;
    },
    () => ms,
  );
  expect(await stopwatch(5)).toBe(10);
  expect(calls).toBe(5);
});
