import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createBackend } from '../backend/create-backend.ts';
import type { Op } from '../driver/io.ts';
import { OPERATIONS, OPS } from '../driver/operations.ts';
import type { Problem } from '../driver/problem.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { RMSNorm } from './rms-norm.ts';

/** A backend whose driver notes the problem of each call and computes nothing. */
function recording() {
  const problems: Problem[] = [];
  const driver = new ReferenceDriver();
  for (const op of OPS) driver[op] = (problem: Problem) => void problems.push(problem);
  const backend = createBackend(driver);
  return { problems, backend, x: backend.empty([2, 4, 3]) };
}

function calls(norm: RMSNorm, { backend, x }: Pick<ReturnType<typeof recording>, 'backend' | 'x'>) {
  const other = backend.empty(x.shape);
  const sums = backend.empty([2, 1, 3]);
  const rstd = backend.empty([2, 1, 3]);
  return {
    forward: () => norm.forward(x),
    addForward: () => norm.addForward(x, other),
    gatedForward: () => norm.gatedForward(x, other),
    backward: () => norm.backward(x, other, { rstd }),
    sumSquares: () => norm.sumSquares(x),
    scaleBy: () => norm.scaleBy(x, sums, 8),
    forwardQuantized: () => norm.forwardQuantized(x, { scale: 0.5 }),
  } satisfies Record<Op, () => unknown>;
}

describe.each(OPS)('%s', (op) => {
  test('again: the very same frozen problem, whatever other operations come between', () => {
    const setting = recording();
    const norm = new RMSNorm({ dim: 4, normBeforeGate: true });
    const all = calls(norm, setting);
    for (const call of [all[op], ...Object.values(all), all[op], all[op]]) call();
    const [first, ...rest] = setting.problems;
    expect(Object.isFrozen(first)).toBe(true);
    expect(rest.filter((problem) => problem === first)).toHaveLength(3);
  });

  test('its problem says what the table says beyond Problem', () => {
    const setting = recording();
    calls(new RMSNorm(4), setting)[op]();
    calls(new RMSNorm(4), setting).forward();
    const [problem, plain] = setting.problems;
    const more = Object.keys(problem!).filter((name) => !(name in plain!));
    expect(more).toEqual([...OPERATIONS[op].values]);
  });
});

test('what tells two calls apart gives two problems, each of them kept', () => {
  const { problems, backend, x } = recording();
  const norm = new RMSNorm({ dim: 4 });
  const sums = backend.empty([2, 1, 3]);
  const half = backend.empty(x.shape, 'float16');
  const wide = backend.empty([5, 4, 3]);
  const different = [
    () => norm.forward(x),
    () => norm.forward(half),
    () => norm.forward(wide),
    () => norm.scaleBy(x, sums, 4),
    () => norm.scaleBy(x, sums, 8),
    () => norm.forwardQuantized(x),
    () => norm.forwardQuantized(x, { scale: 1 }),
    () => norm.forwardQuantized(x, { scale: 2 }),
  ];
  for (const call of [...different, ...different]) call();
  const [first, again] = [problems.slice(0, different.length), problems.slice(different.length)];
  expect(new Set(problems).size).toBe(different.length);
  for (const [i, problem] of again.entries()) expect(problem).toBe(first[i]);
  expect(problems.slice(3, 8)).toMatchObject([{ count: 4 }, { count: 8 }, { scale: null }, { scale: 1 }, { scale: 2 }]);
});

test('another backend has problems of its own, and may support less', () => {
  const norm = new RMSNorm({ dim: 4 });
  const [a, b] = [recording(), recording()];
  norm.forward(a.x);
  norm.forward(b.x);
  norm.forward(a.x);
  expect(a.problems[1]).toBe(a.problems[0]);
  const driver = Object.assign(new ReferenceDriver(), {
    supports: { ...new ReferenceDriver().supports, features: [] },
  });
  const backend = createBackend(driver);
  expect(() => norm.forward(backend.empty(a.x.shape))).toThrow("'inner'");
});

test('few are kept: the one that was used longest ago goes', () => {
  const { problems, backend } = recording();
  const norm = new RMSNorm({ dim: 4 });
  const xs = [1, 2, 3, 4, 5].map((outer) => backend.empty([outer, 4]));
  const problemOf = (i: number): Problem => {
    norm.forward(xs[i]!);
    return problems.at(-1)!;
  };
  const first = [0, 1, 2, 3].map(problemOf);
  expect(problemOf(0)).toBe(first[0]);
  problemOf(4);
  expect([0, 2, 3].map(problemOf)).toEqual([first[0], first[2], first[3]]);
  expect(problemOf(0)).toBe(first[0]);
  expect(problemOf(1)).not.toBe(first[1]);
});

test('a backend that was disposed is not kept alive, once the norm works on another', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const norm = new RMSNorm({ dim: 4 });
  const used = async (): Promise<WeakRef<object>> => {
    const { backend, x } = recording();
    norm.forward(x);
    norm.sumSquares(x);
    await backend.dispose();
    return new WeakRef(backend);
  };
  const gone = await used();
  const { x } = recording();
  norm.forward(x);
  await new Promise((resolve) => setTimeout(resolve));
  collect();
  expect(gone.deref()).toBeUndefined();
});
