import type { CaseResult } from './report.ts';

/** The part of an id before its parameters: `forward/values`. */
export function familyOf(id: string): string {
  return id.split(':', 1)[0]!;
}

/** The results of each family, in the order of the run. */
export function familiesOf(results: readonly CaseResult[]): ReadonlyMap<string, readonly CaseResult[]> {
  const families = new Map<string, CaseResult[]>();
  for (const result of results) {
    const family = familyOf(result.id);
    const others = families.get(family);
    if (others) others.push(result);
    else families.set(family, [result]);
  }
  return families;
}
