import type { BackendProvider } from '@rmsnorm/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listCases } from '../cases/list.ts';
import { formatReport } from '../report/format-report.ts';
import { runConformance } from './run.ts';

type Kinds = Readonly<Record<string, () => BackendProvider>>;

const kinds = (await import(new URL('../../test/fixtures/hostile/kinds.mjs', import.meta.url).href)) as {
  readonly TOLD: Kinds;
  readonly HANGING: Kinds;
};

/** Cases of every folder that a driver of this manifest runs: values, isolation, errors, leaks, properties. */
const ids = new Set(
  listCases()
    .filter(
      ({ requires: { op, dtypes = ['float32'], features = [], promises = [] } }) =>
        (op === undefined || op === 'forward') &&
        String(dtypes) === 'float32' &&
        features.length === 0 &&
        promises.length === 0,
    )
    .filter((_, i) => i % 6 === 0)
    .map(({ id }) => id)
    .concat(['backend/lifecycle:of=read-before-dispose', 'forward/isolation:check=order,dtype=float32,shape=3x5']),
);
const filter = (id: string): boolean => ids.has(id);

/** What Vitest itself would hear of: nothing may come to it. */
const vitests: Record<string, NodeJS.UnhandledRejectionListener[]> = {};
beforeEach(() => {
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    vitests[event] = process.listeners(event as 'unhandledRejection');
    process.removeAllListeners(event);
  }
});
afterEach(() => {
  for (const [event, listeners] of Object.entries(vitests)) {
    for (const listener of listeners) process.on(event as 'unhandledRejection', listener);
  }
});

describe('what does not come back is given up after a while', () => {
  test.each([
    ['read-never-settles', 3, /^did not come back within 100 ms/],
    ['create-never-settles', 1, /^the backend did not start: create\(\) did not come back within 100 ms/],
  ] as const)('%s', async (kind, failed, message) => {
    const report = await runConformance(kinds.HANGING[kind]!(), { filter, timeout: 100 });
    expect(report.failed).toBe(failed);
    expect(report.notRun).toBe(ids.size - failed - report.skipped - report.passed);
    expect(report.notRun).toBeGreaterThan(50);
    expect(report.results.find(({ status }) => status === 'fail')!.message).toMatch(message);
    for (const { status, message: text } of report.results)
      if (status === 'not-run') expect(text).toMatch(/^not run: /);
  });

  test('a dispose() that hangs is waited for a few times', async () => {
    const begun = performance.now();
    const report = await runConformance(kinds.HANGING['dispose-never-settles']!(), { filter, timeout: 500 });
    expect(report.failed).toBeGreaterThan(20);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe('whatever a driver does, there is a report', () => {
  test.each(Object.entries(kinds.TOLD))('%s', async (_, make) => {
    const report = await runConformance(make(), { filter, timeout: 2000 });
    expect(report.results).toHaveLength(ids.size);
    expect(report.failed).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(formatReport(report)).toContain('FAIL ');
    for (const { status, message } of report.results) {
      if (status === 'fail') expect(message).toMatch(/\S/);
    }
  });
});
