import { reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { listCases, runConformance } from '../src/index.ts';
import { testBackend } from '../src/vitest.ts';

// The page runs the same cases as Node; here enough of them to show that every family does.
const perFamily = new Map<string, number>();
const some = new Set(
  listCases()
    .map(({ id }) => id)
    .filter((id) => {
      const family = id.slice(0, id.indexOf(':'));
      const taken = perFamily.get(family) ?? 0;
      perFamily.set(family, taken + 1);
      return taken < 8;
    }),
);

testBackend(reference(), { filter: (id) => some.has(id) });

test('runConformance needs nothing of Node', async () => {
  expect(globalThis).not.toHaveProperty('process.versions.node');
  const report = await runConformance(reference(), { filter: (id) => some.has(id) });
  expect(report.failed).toBe(0);
  expect(report.passed).toBeGreaterThan(100);
});
