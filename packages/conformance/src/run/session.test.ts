import { type Backend, type BackendProvider, reference, type Supports } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { type Case, NotApplicable } from '../case/case.ts';
import { check } from '../case/failure.ts';
import { openSession } from './session.ts';

const subject = reference();

function caseOf(run: Case['run'], requires: Case['requires'] = {}): Case {
  return { id: 'test/case:a=1', requires, run };
}

/** The reference, counting how often it was started and disposed. */
function counted(): { provider: BackendProvider; created: Backend[] } {
  const created: Backend[] = [];
  const create = async (): Promise<Backend> => {
    const backend = await subject.create();
    created.push(backend);
    return backend;
  };
  return { provider: { ...subject, create }, created };
}

async function outcome(run: Case['run'], requires?: Case['requires'], timeout = 1000) {
  const session = await openSession(subject, { seed: 1, timeout });
  try {
    return await session.run(caseOf(run, requires));
  } finally {
    await session.close();
  }
}

test('a case that resolves passes, with its time', async () => {
  const result = await outcome(async () => {});
  expect(result).toMatchObject({ id: 'test/case:a=1', status: 'pass' });
  expect(result.ms).toBeGreaterThanOrEqual(0);
  expect(result.message).toBeUndefined();
});

test('a failed check is a failure with its message alone', async () => {
  const result = await outcome(async () => check(1 > 2, '1 is not greater than 2'));
  expect(result).toMatchObject({ status: 'fail', message: '1 is not greater than 2' });
});

test.each([
  ['an error', () => new TypeError('no such thing'), 'threw TypeError: no such thing'],
  ['a string', () => 'oops', 'threw string oops, which is not an Error'],
  ['undefined', () => undefined, 'threw undefined undefined, which is not an Error'],
  ['an object without a prototype', () => Object.create(null), 'threw object, which is not an Error'],
])('%s that is thrown is a failure of the case', async (_, thrown, message) => {
  const result = await outcome(() => {
    throw thrown();
  });
  expect(result.status).toBe('fail');
  expect(result.message).toContain(message);
});

test('a case that never comes back is a failure', async () => {
  const result = await outcome(() => new Promise(() => {}), {}, 50);
  expect(result).toMatchObject({ status: 'fail' });
  expect(result.message).toContain('did not come back within 50 ms');
});

test('what is not declared is skipped, with all of it in the reason', async () => {
  const supports: Supports = {
    ops: ['forward', 'backward'],
    dtypes: ['float32', 'float16'],
    accuracy: 'ieee',
    features: ['rstd'],
    promises: ['extremes'],
    limits: { backward: { dtypes: ['float32'] } },
  };
  const backend = { name: 'little', device: 'here', supports, dispose: async () => {} } as unknown as Backend;
  const session = await openSession({ ...subject, create: async () => backend }, { seed: 1 });
  const reason = async (requires: Case['requires']) => (await session.run(caseOf(async () => {}, requires))).message;
  expect(
    await reason({ op: 'backward', dtypes: ['float16'], features: ['rstd', 'inner'], promises: ['invariance'] }),
  ).toBe('not declared: dtype float16, feature inner, promise invariance');
  expect(await reason({ op: 'scaleBy' })).toBe('not declared: operation scaleBy');
  expect(await reason({ op: 'forward', dtypes: ['float16'], promises: ['extremes'] })).toBeUndefined();
});

test('what turns out not to be offered is skipped too', async () => {
  const absent = await outcome(async () => {
    throw new NotApplicable('not offered: wrap()');
  });
  expect(absent).toMatchObject({ status: 'skip', message: 'not offered: wrap()' });
});

test('inputs depend on the seed and the id alone', async () => {
  const draws: number[] = [];
  const run: Case['run'] = async ({ random }) => void draws.push(random.bits());
  await outcome(run);
  await outcome(run);
  expect(draws[0]).toBe(draws[1]);
});

test('a case that breaks leaves a fresh backend to the next; a failed check does not', async () => {
  const { provider, created } = counted();
  const session = await openSession(provider, { seed: 1 });
  await session.run(caseOf(async () => check(false, 'wrong numbers')));
  expect(created).toHaveLength(1);
  await session.run(
    caseOf(async () => {
      throw new Error('device lost');
    }),
  );
  expect((await session.run(caseOf(async ({ backend }) => void backend.tensor([1], [1])))).status).toBe('pass');
  expect(created).toHaveLength(2);
  expect(() => created[0]!.tensor([1], [1])).toThrow('DISPOSED');
  await session.close();
  expect(() => created[1]!.tensor([1], [1])).toThrow('DISPOSED');
});

test('a backend that does not start again fails the rest, and ends', async () => {
  let starts = 0;
  const create = async (): Promise<Backend> => {
    if (starts++ > 0) throw new Error('no device any more');
    return subject.create();
  };
  const session = await openSession({ ...subject, create }, { seed: 1 });
  const breaking = caseOf(async () => {
    throw new Error('device lost');
  });
  const messages: string[] = [];
  for (let i = 0; i < 6; i++) messages.push((await session.run(breaking)).message!);
  expect(messages[1]).toContain('no device any more');
  expect(messages[5]).toContain('did not start again, 3 times over');
  expect(starts).toBe(4);
});

test('a backend that breaks in every case, and starts slowly, is given up', async () => {
  const create = async (): Promise<Backend> => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return subject.create();
  };
  const session = await openSession({ ...subject, create }, { seed: 1, timeout: 300 });
  const breaking = caseOf(async () => {
    throw new Error('device lost');
  });
  const statuses: string[] = [];
  for (let i = 0; i < 30; i++) statuses.push((await session.run(breaking)).status);
  expect(statuses.slice(0, 5)).toEqual(new Array(5).fill('fail'));
  expect(statuses.at(-1)).toBe('not-run');
  expect((await session.run(breaking)).message).toMatch(/^not run: starting the backend anew, .* took \d+ s$/);
});

test("a backend that does not start at all is the caller's to see", async () => {
  const create = async (): Promise<Backend> => {
    throw new Error('no device');
  };
  await expect(openSession({ ...subject, create }, { seed: 1 })).rejects.toThrow('no device');
});
