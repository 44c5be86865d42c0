import type { Driver, Supports } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { type Case, type CaseResult, type Filter, listCases, runConformance } from '../../../src/index.ts';
import { providerOf } from '../provider.ts';

/** A test: `createDriver()` passes the whole suite, or what `filter` takes of it, and nothing that it declares is skipped. */
export function expectToPass(what: string, createDriver: () => Driver<Uint8Array>, filter: Filter = ''): void {
  test(`a correct driver passes: ${what}`, { timeout: 600_000 }, async () => {
    const report = await runConformance(providerOf(createDriver), { filter });
    expect(report.results.filter(({ status }) => status === 'fail')).toEqual([]);

    const declared = new Set(listCases(filter).flatMap((entry) => (declares(report.supports, entry) ? entry.id : [])));
    const skipped = report.results.filter(({ id, status }) => status === 'skip' && declared.has(id));
    expect(skipped.filter((result) => !isExcused(result))).toEqual([]);
    expect(report.passed).toBe(declared.size - skipped.length);
    console.log(`${report.backend}: ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  });
}

/** By the case's own words, not by the runner's. */
function declares({ ops, promises, limits, ...rest }: Supports, { requires }: Case): boolean {
  const { dtypes, features } = { ...rest, ...limits?.[requires.op ?? 'forward'] };
  return (
    (requires.op === undefined || ops.includes(requires.op)) &&
    (requires.dtypes ?? []).every((dtype) => dtypes.includes(dtype)) &&
    (requires.features ?? []).every((feature) => features.includes(feature)) &&
    (requires.promises ?? []).every((promise) => promises.includes(promise))
  );
}

/** What a driver or the runtime may lack without declaring anything. */
function isExcused({ message }: CaseResult): boolean {
  return /^(not offered|not in this runtime|'loose')/.test(message ?? '');
}
