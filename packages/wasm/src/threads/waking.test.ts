import { expect, test } from 'vitest';
import { Waking } from './waking.ts';

/** Which of calls are worth it that take 0.01 ms each, done alone, and begin after a pause each. */
function worth(calls: readonly (readonly [pause: number, elements: number])[]): boolean[] {
  let time = 1000;
  const waking = new Waking(100, () => time);
  return calls.map(([pause, elements]) => {
    time += pause;
    const answer = waking.isWorth(elements);
    time += 0.01;
    if (!answer) waking.endsAlone();
    return answer;
  });
}

test('a large call is worth it at once', () => {
  expect(
    worth([
      [0, 100],
      [5, 99],
      [5, 100],
    ]),
  ).toEqual([true, false, true]);
});

test('small calls are where they follow each other closely, once there were enough', () => {
  const calls = Array.from({ length: 8 }, () => [0.02, 50] as const);
  expect(worth(calls)).toEqual([false, false, false, true, false, false, false, true]);
});

test('and never where workers would have slept in between', () => {
  expect(worth(Array.from({ length: 9 }, () => [0.06, 50] as const))).toEqual(new Array(9).fill(false));
});
