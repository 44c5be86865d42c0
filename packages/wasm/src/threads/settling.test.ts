import { expect, test } from 'vitest';
import { AS_USUAL, NOT_AT_ALL, Settling } from './settling.ts';

test('a worker that shares the processor of its caller stays awake for a while, then gives it back', () => {
  let time = 1000;
  const settling = new Settling(() => time);
  expect(settling.after(false)).toBe(AS_USUAL);
  expect(settling.after(true)).toBe(1010);
  time = 1009;
  expect(settling.after(true)).toBe(1010);
  time = 1011;
  expect(settling.after(true)).toBe(NOT_AT_ALL);
  time = 1099;
  expect(settling.after(true)).toBe(NOT_AT_ALL);
});

/** How often it settles in 10 s, in which every job is crowded, but for so many after each time that it settled. */
function timesSettled(fine: number): number {
  let time = 0;
  let settled = 0;
  const settling = new Settling(() => time);
  for (; time < 10_000; time += 20) {
    if (settling.after(true) === NOT_AT_ALL) continue;
    settled++;
    for (let i = 0; i < fine; i++) settling.after(false);
  }
  return settled;
}

test('it settles less and less often where that does not help, and again soon where it did', () => {
  expect(timesSettled(0)).toBeLessThan(11);
  expect(timesSettled(999)).toBe(timesSettled(0));
  expect(timesSettled(1000)).toBeGreaterThan(80);
});
