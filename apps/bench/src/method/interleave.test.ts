import { expect, it } from 'vitest';
import { interleave, order } from './interleave.ts';

it('gives every candidate one turn in each round', () => {
  for (let round = 0; round < 8; round++) expect([...order(3, round)].sort()).toEqual([0, 1, 2]);
});

it('changes who starts and who follows whom', () => {
  expect([0, 1, 2, 3].map((round) => order(3, round))).toEqual([
    [0, 1, 2],
    [0, 2, 1],
    [2, 0, 1],
    [2, 1, 0],
  ]);
});

it('runs the candidates in that order and gives nanoseconds of one run', async () => {
  let ms = 0;
  const turns: string[] = [];
  const candidate = (name: string, cost: number, count: number) => ({
    count,
    run: (runs: number) => {
      turns.push(`${name} x${runs}`);
      ms += cost * runs;
    },
  });
  const samples = await interleave([candidate('a', 2, 5), candidate('b', 30, 1)], { rounds: 2, leastMs: 0 }, () => ms);
  expect(turns).toEqual(['a x5', 'b x1', 'a x5', 'b x1']);
  expect(samples).toEqual([
    [2e6, 2e6],
    [30e6, 30e6],
  ]);
});

it('goes on with a turn until it has had its least time', async () => {
  let ms = 0;
  let runs = 0;
  const run = (count: number): void => {
    ms += 0.25 * count;
    runs += count;
  };
  expect(await interleave([{ run, count: 3 }], { rounds: 2, leastMs: 1 }, () => ms)).toEqual([[0.25e6, 0.25e6]]);
  expect(runs).toBe(12);
});

it('spreads fewer turns over the rounds', async () => {
  const once = { run: () => {}, count: 1 };
  const samples = await interleave([once, { ...once, turns: 2 }], { rounds: 5, leastMs: 0 }, () => 0);
  expect(samples[0]).toEqual([0, 0, 0, 0, 0]);
  expect(samples[1]).toEqual([null, null, 0, null, 0]);
});

it('waits for asynchronous runs before the next turn', async () => {
  const events: string[] = [];
  const slow = async (): Promise<void> => {
    events.push('slow begins');
    await new Promise((resolve) => setTimeout(resolve, 2));
    events.push('slow ends');
  };
  await interleave(
    [
      { run: slow, count: 1 },
      { run: () => void events.push('fast'), count: 1 },
    ],
    { rounds: 1, leastMs: 0 },
  );
  expect(events).toEqual(['slow begins', 'slow ends', 'fast']);
});

it('lets a candidate enter before its turn, outside of its time', async () => {
  let ms = 0;
  const events: string[] = [];
  const timed = {
    count: 2,
    enter: () => {
      ms += 100;
      events.push('enter');
    },
    run: () => {
      ms += 1;
      events.push('run');
    },
  };
  expect(await interleave([timed], { rounds: 2, leastMs: 0 }, () => ms)).toEqual([[0.5e6, 0.5e6]]);
  expect(events).toEqual(['enter', 'run', 'enter', 'run']);
});
