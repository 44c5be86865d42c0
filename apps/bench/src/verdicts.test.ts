import { expect, it } from 'vitest';
import { GOALS, type Goal } from './goals.ts';
import type { WorkloadResult } from './results.ts';
import { SHAPES } from './shapes.ts';
import { verdicts } from './verdicts.ts';

const q = (median: number) => ({ q1: median, median, q3: median });

function result(shape: string, overCopy: number, place: 'resident' | 'outside' = 'resident'): WorkloadResult {
  const timed = { status: 'timed', count: 1, nanoseconds: q(1), gigabytesPerSecond: 1 } as const;
  return {
    id: `${place}/float32/${shape}`,
    place,
    dtype: 'float32',
    shape,
    bytesMoved: 1,
    cpuShare: 1,
    outcomes: [
      { ...timed, name: 'rmsnorm-wasm', ratio: q(1) },
      { ...timed, name: 'simd-copy', ratio: q(overCopy) },
      { name: 'tfjs-wasm', status: 'unable', reason: 'no reason' },
    ],
  };
}

const EACH: Goal = { place: 'resident', dtype: 'float32', over: 'simd-copy', shapes: 'all', of: 'each', atLeast: 0.5 };

it('judges each size by itself, and a goal that is just reached is met', () => {
  const judged = verdicts([EACH], [result('a', 0.5), result('b', 0.49)]);
  expect(judged.map(({ at, reached, met }) => [at, reached, met])).toEqual([
    ['a', 0.5, true],
    ['b', 0.49, false],
  ]);
});

it('judges a geometric mean once', () => {
  const judged = verdicts([{ ...EACH, of: 'geometric mean' }], [result('a', 0.25), result('b', 4)]);
  expect(judged).toHaveLength(1);
  expect(judged[0]).toMatchObject({ at: 'geometric mean of 2', met: true });
  expect(judged[0]!.reached).toBeCloseTo(1, 12);
});

it('takes only the sizes and the place that the goal names, and who was timed', () => {
  const results = [result('a', 1), result('b', 1), result('a', 1, 'outside')];
  expect(verdicts([{ ...EACH, shapes: ['b', 'c'] }], results).map(({ at }) => at)).toEqual(['b']);
  expect(verdicts([{ ...EACH, over: 'tfjs-wasm' }], results)).toEqual([]);
  expect(verdicts([{ ...EACH, dtype: 'float16' }], results)).toEqual([]);
});

it('names only sizes that there are', () => {
  const ids = SHAPES.map(({ id }) => id);
  for (const { shapes } of GOALS) if (shapes !== 'all') expect(ids).toEqual(expect.arrayContaining([...shapes]));
});
