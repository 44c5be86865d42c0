import { expect, it } from 'vitest';
import { THREADS } from '../src/lineups/threads.ts';
import { measure } from '../src/measure.ts';
import { methodFor } from '../src/method/method.ts';
import { rows } from '../src/shapes.ts';
import { makeWorkload } from '../src/workload.ts';
import { expectRight } from './expect-right.ts';
import { smallSpec } from './small-specs.ts';

// Large enough to be shared by the threads.
const spec = smallSpec({
  ...{ target: 'threads', family: 'small', place: 'resident', op: 'addForward', dtype: 'float32' },
  ...{ shape: rows(64, 1024), threads: 2 },
});
const work = makeWorkload(spec);

it.each(THREADS(spec).map((entrant) => [entrant.name, entrant] as const))('%s is right', (_, entrant) =>
  expectRight(entrant, work),
);

it('times several threads beside one, in rounds that count', async () => {
  const method = methodFor('threads', true, 3);
  let round = 0;
  // Every second reading is larger: no round would count. Then no reading is.
  const interruptions = (): number => Math.min(round++, 4);
  const result = await measure(work, THREADS(spec), method, { cpuClock: null, interruptions });
  expect(result).toMatchObject({ rounds: 3, attempts: 5, threads: 2, elements: 65536 });
  expect(result.outcomes).toMatchObject([
    { name: 'rmsnorm-wasm', status: 'timed', turns: 3 },
    { name: 'rmsnorm-one-thread', status: 'timed', turns: 3 },
  ]);
});

it('says so where no round counts', async () => {
  const method = { ...methodFor('threads', true, 3), roundsMs: 20 };
  let round = 0;
  await expect(measure(work, THREADS(spec), method, { cpuClock: null, interruptions: () => round++ })).rejects.toThrow(
    /^this process was interrupted in each of \d+ rounds/,
  );
});
