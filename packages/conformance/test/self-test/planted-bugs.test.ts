import type { BackendProvider } from '@rmsnorm/core';
import { afterAll, describe, expect, test } from 'vitest';
import type { Bug } from './bug.ts';
import { BUGS } from './bugs/all.ts';
import { firstFailure } from './first-failure.ts';
import { PlainDriver } from './plain-driver.ts';
import { providerOf } from './provider.ts';

/** bug → first failing case. */
const caught = new Map<string, string>();

describe('every planted bug fails a case that was made for it', () => {
  test.for(BUGS.map((bug) => [bug.name, bug] as const))('%s', { timeout: 300_000 }, async ([name, bug]) => {
    const failure = await firstFailure(providerWith(bug), (id) => bug.caughtBy.test(id));
    caught.set(name, failure?.id ?? '-');
    expect(failure, `${name} (${bug.fault}) passes every case of ${bug.caughtBy}`).not.toBeNull();
  });

  test('names are unique', () => {
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  });

  afterAll(() => console.log(`planted bugs and the first case that fails\n${table(BUGS)}`));
});

function providerWith({ planted }: Bug): BackendProvider {
  if (!isDriver(planted)) return planted();
  return providerOf(() => new planted());
}

function isDriver(planted: Bug['planted']): planted is new () => PlainDriver {
  return planted.prototype instanceof PlainDriver;
}

function table(bugs: readonly Bug[]): string {
  const width = Math.max(...bugs.map(({ name }) => name.length));
  return bugs.map(({ name }) => `  ${name.padEnd(width)}  ${caught.get(name) ?? '(not run)'}`).join('\n');
}
