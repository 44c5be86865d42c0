import { expect, test } from 'vitest';
import { Waking } from './waking.ts';

/** Which of calls are worth it, of a pause and milliseconds each, where 0.1 ms are long. */
function worth(calls: readonly (readonly [pause: number, ms: number])[]): boolean[] {
  let time = 1000;
  const waking = new Waking(0.1, () => time);
  return calls.map(([pause, ms]) => {
    time += pause;
    const answer = waking.isWorth(ms);
    time += ms;
    if (!answer) expect(waking.endsAlone()).toBeCloseTo(ms);
    return answer;
  });
}

test('a long call is worth it at once', () => {
  expect(
    worth([
      [0, 0.11],
      [5, 0.09],
      [5, 0.11],
    ]),
  ).toEqual([true, false, true]);
});

test('short ones are where they follow each other closely, once there were enough', () => {
  const calls = Array.from({ length: 8 }, () => [0.02, 0.06] as const);
  expect(worth(calls)).toEqual([false, false, false, true, false, false, false, true]);
});

test('and never where workers would have slept in between', () => {
  const calls = Array.from({ length: 9 }, () => [0.06, 0.09] as const);
  expect(worth(calls)).toEqual(new Array(9).fill(false));
});
