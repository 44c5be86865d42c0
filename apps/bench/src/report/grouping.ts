import type { WorkloadResult } from '../results.ts';

/** The results of each table, in their order: of one target, family, place, dtype and number of threads. */
export function byTable(results: readonly WorkloadResult[]): WorkloadResult[][] {
  const tables = new Map<string, WorkloadResult[]>();
  for (const result of results) {
    const title = tableTitle(result);
    tables.set(title, [...(tables.get(title) ?? []), result]);
  }
  return [...tables.values()];
}

export function tableTitle({ target, family, place, dtype, threads }: WorkloadResult): string {
  return `${target}, ${family}, ${dtype}, ${place}${threads > 1 ? `, ${threads} threads` : ''}`;
}
