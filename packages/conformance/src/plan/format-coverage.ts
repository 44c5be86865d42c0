import type { Depth } from '../case/depth.ts';
import type { Cell, Coverage, SubjectCoverage } from './coverage.ts';
import { LEAVES_OUT } from './depth.ts';

/** The table for people: for each two factors how many of their pairs have a case, and why the others have none. */
export function formatCoverage({ cases, subjects, missing }: Coverage, depth: Depth): string {
  const left = LEAVES_OUT[depth];
  return [
    `${cases} cases at depth '${depth}'; a number says how many pairs of values of two factors a case has, of all that may be`,
    ...subjects.flatMap((subject) => ['', ...subjectLines(subject)]),
    '',
    left.length > 0 ? `depth '${depth}' leaves out:` : `depth '${depth}' leaves out nothing`,
    ...left.map((what) => `  ${what}`),
    '',
    ...missingLines(missing, depth),
  ].join('\n');
}

/** A quick run is a sample: what it misses is counted, not listed. */
function missingLines(missing: Coverage['missing'], depth: Depth): string[] {
  if (missing.length === 0) return ['every cell has a case, or a reason why it has none'];
  if (depth === 'quick') return [`${missing.length} cells have no case at this depth; the default depth has them all`];
  return [
    `${missing.length} cells have neither a case nor a reason:`,
    ...missing.map(({ subject, values }) => `  ${subject}: ${shown(values)}`),
  ];
}

function subjectLines({ name, cases, factors, lacks, pairs, triples, singles }: SubjectCoverage): string[] {
  const legal = pairs.filter(isLegal);
  const reasons = counted([...pairs, ...triples, ...singles]);
  return [
    `${name}: ${cases} cases make a call, ${covered(legal)} pairs, ${covered(triples.filter(isLegal))} triples of options by dtype, ` +
      `${covered(singles.filter(isLegal))} sizes, grids and promises`,
    ...matrix(factors, pairs),
    ...[...reasons].map(([reason, count]) => `  ${count} cells are empty: ${reason}`),
    ...Object.entries(lacks).map(([what, why]) => `  no ${what}: ${why}`),
  ];
}

/** A cell that has a case, or should. */
function isLegal({ cases, reason }: Cell): boolean {
  return cases > 0 || reason === undefined;
}

function covered(cells: readonly Cell[]): string {
  return `${cells.filter(({ cases }) => cases > 0).length}/${cells.length}`;
}

/** Factors down and across, each pair of them once. */
function matrix(factors: readonly string[], pairs: readonly Cell[]): string[] {
  const widths = factors.map((name) => Math.max(name.length, 7));
  const labels = Math.max(...factors.map((name) => name.length));
  const line = (label: string, cells: readonly string[]): string =>
    `  ${label.padEnd(labels)}  ${cells.map((cell, i) => cell.padStart(widths[i]!)).join('  ')}`.trimEnd();
  const rows = factors.slice(1).map((down, i) => {
    const cells = factors.slice(0, i + 1).map((across) => {
      const both = pairs.filter(({ values }) => down in values && across in values);
      return covered(both.filter(isLegal));
    });
    return line(down, cells);
  });
  return [line('', factors.slice(0, -1)), ...rows];
}

function counted(cells: readonly Cell[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of cells) if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}

function shown(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(' with ');
}
