import { reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { someOfEachFamily } from '../../../.ci/some-cases.ts';
import { listCases, runConformance } from '../src/index.ts';
import { testBackend } from '../src/vitest.ts';

// The page runs the same cases as Node; here enough of them to show that every family does.
const ids = listCases().map(({ id }) => id);
const some = someOfEachFamily(ids, 8);
const fewer = someOfEachFamily(ids, 2);

testBackend(reference(), { filter: (id) => some.has(id) });

test('runConformance needs nothing of Node', async () => {
  expect(globalThis).not.toHaveProperty('process.versions.node');
  const report = await runConformance(reference(), { filter: (id) => fewer.has(id) });
  expect(report.failed).toBe(0);
  expect(report.passed).toBeGreaterThan(100);
});
