import type { Quartiles } from '../method/statistics.ts';
import type { OverheadResult } from '../results.ts';
import { ratio } from './format.ts';
import type { Table } from './table.ts';

export function overheadTable({ shape, ...times }: OverheadResult): Table {
  const row = (what: string, { q1, median, q3 }: Quartiles): string[] => [
    what,
    ...[median, q1, q3].map((ns) => `${ns.toFixed(0)} ns`),
  ];
  const over = (copy: string, { q1, median, q3 }: Quartiles): string[] => [
    `the kernel over ${copy}`,
    ...[median, q1, q3].map(ratio),
  ];
  return {
    title: `One call at ${shape}, float32`,
    head: ['', 'median', 'q1', 'q3'],
    rows: [
      row('norm.forward(x, out)', times.forwardNanoseconds),
      row('the kernel by itself', times.kernelNanoseconds),
      row('difference', times.overheadNanoseconds),
      over('plain-copy', times.kernelOverPlainCopy),
      over('simd-copy', times.kernelOverSimdCopy),
    ],
    notes: [],
  };
}
