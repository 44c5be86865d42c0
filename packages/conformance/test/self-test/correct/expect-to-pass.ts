import type { Driver, Supports } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { type Case, type CaseResult, type Filter, listCases, type Report, runConformance } from '../../../src/index.ts';
import { providerOf } from '../provider.ts';

/** A test: `createDriver()` passes the whole suite, or what `filter` takes of it, and nothing that it declares is skipped. */
export function expectToPass(what: string, createDriver: () => Driver<Uint8Array>, filter: Filter = ''): void {
  test(`a correct driver passes: ${what}`, { timeout: 600_000 }, async () => {
    const report = await runConformance(providerOf(createDriver), { filter });
    expect(refusalsIn(report)).toEqual([]);
    console.log(`${report.backend}: ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  });
}

/** What a right driver must not see: failures, and skips of what it declares. */
export function refusalsIn({ results, supports }: Report): readonly CaseResult[] {
  const cases = new Map(listCases().map((entry) => [entry.id, entry]));
  const isAtFault = (result: CaseResult): boolean =>
    result.status === 'fail' || (declares(supports, cases.get(result.id)!) && !isExcused(result, supports));
  return results.filter((result) => result.status !== 'pass' && isAtFault(result));
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

/** What a driver or the runtime may lack without declaring anything; and a second operation, which only some cases need. */
function isExcused({ message = '' }: CaseResult, { ops, limits }: Supports): boolean {
  const second = /^not declared: operation (\w+)/.exec(message)?.[1];
  if (second !== undefined) return !ops.some((op) => op === second);
  return (
    /^(not offered|not in this runtime|'loose')/.test(message) ||
    (limits !== undefined && /^not declared/.test(message))
  );
}
