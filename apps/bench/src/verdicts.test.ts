import { expect, it } from 'vitest';
import { timedOutcome, workloadResult } from '../test/results.ts';
import { FAMILIES } from './families/peers.ts';
import { GOALS, type Goal } from './goals.ts';
import type { WorkloadResult } from './results.ts';
import { verdicts } from './verdicts.ts';

function result(shape: string, overCopy: number, also: Partial<WorkloadResult> = {}): WorkloadResult {
  const outcomes = [
    timedOutcome('rmsnorm-wasm'),
    timedOutcome('simd-copy', overCopy),
    { name: 'tfjs-wasm', status: 'unable', reason: 'no reason' } as const,
  ];
  return workloadResult(shape, outcomes, also);
}

const EACH: Goal = {
  target: 'node',
  place: 'resident',
  dtype: 'float32',
  over: 'simd-copy',
  families: 'forward',
  shapes: 'all',
  of: 'each',
  atLeast: 0.5,
};

it('judges each size by itself, and a goal that is just reached is met', () => {
  const judged = verdicts([EACH], [result('a', 0.5), result('b', 0.49)]);
  expect(judged.map(({ at, reached, met }) => [at, reached, met])).toEqual([
    ['llm a', 0.5, true],
    ['llm b', 0.49, false],
  ]);
});

it('judges a geometric mean once', () => {
  const judged = verdicts([{ ...EACH, of: 'geometric mean' }], [result('a', 0.25), result('b', 4)]);
  expect(judged).toHaveLength(1);
  expect(judged[0]).toMatchObject({ at: 'geometric mean of 2', met: true });
  expect(judged[0]!.reached).toBeCloseTo(1, 12);
});

it('judges one who is wrong by itself, and says so, but leaves it out of a geometric mean', () => {
  const right = result('a', 4);
  const wrong = result('b', 0.25);
  const outcomes = wrong.outcomes.map((outcome) =>
    outcome.name === 'simd-copy' ? { ...outcome, mistake: 'y: element 1 is 2, not 3' } : outcome,
  );
  const results = [right, { ...wrong, outcomes }];
  expect(verdicts([EACH], results).map(({ at, wrong }) => [at, wrong])).toEqual([
    ['llm a', false],
    ['llm b', true],
  ]);
  const [mean] = verdicts([{ ...EACH, of: 'geometric mean' }], results);
  expect(mean).toMatchObject({ at: 'geometric mean of 1', wrong: false });
  expect(mean!.reached).toBeCloseTo(4, 12);
});

it('takes only what the goal names, and who was timed', () => {
  const results = [result('a', 1), result('b', 1), result('a', 1, { place: 'end-to-end' })];
  expect(verdicts([{ ...EACH, shapes: ['b', 'c'] }], results).map(({ at }) => at)).toEqual(['llm b']);
  expect(verdicts([{ ...EACH, over: 'tfjs-wasm' }], results)).toEqual([]);
  expect(verdicts([{ ...EACH, dtype: 'float16' }], results)).toEqual([]);
  expect(verdicts([{ ...EACH, target: 'chromium' }], results)).toEqual([]);
  expect(verdicts([{ ...EACH, families: ['groups'] }], results)).toEqual([]);
  expect(verdicts([EACH], [result('a', 1, { family: 'backward', op: 'backward' })])).toEqual([]);
});

it('judges no run with more threads, and none in which ours is missing', () => {
  const [, ...others] = result('a', 1).outcomes;
  const missing = result('a', 1, { outcomes: [{ name: 'rmsnorm-wasm', status: 'unable', reason: 'none' }, ...others] });
  expect(verdicts([EACH], [result('a', 1, { threads: 2 }), missing])).toEqual([]);
});

it('names only families and sizes that there are', () => {
  const names = FAMILIES.map(({ name }) => name);
  for (const { families, shapes } of GOALS) {
    if (families !== 'forward') expect(names).toEqual(expect.arrayContaining([...families]));
    const of = FAMILIES.filter(({ name, op }) => (families === 'forward' ? op === 'forward' : families.includes(name)));
    const ids = of.flatMap((family) => family.shapes.map(({ id }) => id));
    if (shapes !== 'all') expect(ids).toEqual(expect.arrayContaining([...shapes]));
  }
});
