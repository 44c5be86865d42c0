import { expect, it } from 'vitest';
import { interleave, order } from './interleave.ts';
import { wallClock } from './stopwatch.ts';

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
  const now = (): number => ms;
  const candidate = (name: string, cost: number, count: number) => ({
    count,
    stopwatch: wallClock((runs) => {
      turns.push(`${name} x${runs}`);
      ms += cost * runs;
    }, now),
  });
  const samples = await interleave([candidate('a', 2, 5), candidate('b', 30, 1)], { rounds: 2, leastMs: 0 }, now);
  expect(turns).toEqual(['a x5', 'b x1', 'a x5', 'b x1']);
  expect(samples).toEqual({
    nanoseconds: [
      [2e6, 2e6],
      [30e6, 30e6],
    ],
    attempts: 2,
  });
});

it('goes on with a turn until it has had its least time', async () => {
  let ms = 0;
  let runs = 0;
  const now = (): number => ms;
  const run = (count: number): void => {
    ms += 0.25 * count;
    runs += count;
  };
  const timed = { stopwatch: wallClock(run, now), count: 3 };
  const { nanoseconds } = await interleave([timed], { rounds: 2, leastMs: 1 }, now);
  expect(nanoseconds).toEqual([[0.25e6, 0.25e6]]);
  expect(runs).toBe(12);
});

it('spreads fewer turns over the rounds', async () => {
  const now = (): number => 0;
  const once = { stopwatch: wallClock(() => {}, now), count: 1 };
  const { nanoseconds } = await interleave([once, { ...once, turns: 2 }], { rounds: 5, leastMs: 0 }, now);
  expect(nanoseconds[0]).toEqual([0, 0, 0, 0, 0]);
  expect(nanoseconds[1]).toEqual([null, null, 0, null, 0]);
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
      { stopwatch: wallClock(slow), count: 1 },
      { stopwatch: wallClock(() => void events.push('fast')), count: 1 },
    ],
    { rounds: 1, leastMs: 0 },
  );
  expect(events).toEqual(['slow begins', 'slow ends', 'fast']);
});

it('lets a candidate enter before its turn, outside of its time', async () => {
  let ms = 0;
  const events: string[] = [];
  const now = (): number => ms;
  const timed = {
    count: 2,
    enter: () => {
      ms += 100;
      events.push('enter');
    },
    stopwatch: wallClock(() => {
      ms += 1;
      events.push('run');
    }, now),
  };
  const { nanoseconds } = await interleave([timed], { rounds: 2, leastMs: 0 }, now);
  expect(nanoseconds).toEqual([[0.5e6, 0.5e6]]);
  expect(events).toEqual(['enter', 'run', 'enter', 'run']);
});

/** Two candidates whose runs take a millisecond more each time. */
function slowing() {
  let ms = 0;
  let runs = 0;
  const now = (): number => ms;
  const stopwatch = wallClock(() => {
    ms += ++runs;
  }, now);
  return { now, runs: () => runs, candidates: [1, 2].map(() => ({ stopwatch, count: 1 })) };
}

it('repeats rounds in which the process was interrupted', async () => {
  const { now, runs, candidates } = slowing();
  // During the first round, and not again.
  const interruptions = (): number => (runs() < 2 ? 0 : 1);
  const samples = await interleave(candidates, { rounds: 2, leastMs: 0, interruptions }, now);
  expect(samples).toEqual({
    nanoseconds: [
      [3e6, 5e6],
      [4e6, 6e6],
    ],
    attempts: 3,
  });
});

it('does not repeat rounds for longer than it may', async () => {
  const { now, runs, candidates } = slowing();
  const samples = await interleave(candidates, { rounds: 2, leastMs: 0, interruptions: runs, longestMs: 30 }, now);
  expect(samples).toEqual({ nanoseconds: [[], []], attempts: 4 });
});
