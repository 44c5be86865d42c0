import type { Layout } from '@rmsnorm/core';
import type { CopiedBytes, Outputs } from './candidate.ts';
import { copySource } from './copy-source.ts';
import type { Elements } from './elements.ts';
import { decodeByTable } from './exact/decode-by-table.ts';
import type { Expected } from './exact/expected.ts';
import type { BenchShape } from './shapes.ts';
import type { Workload } from './workload.ts';

/**
 * What is wrong with the result of a candidate: the first wrong output, its element that is farthest off, and how many are
 * wrong. null where all outputs are right.
 */
export function mistakeIn(result: Outputs | CopiedBytes, does: 'norm' | 'copy', work: Workload): string | null {
  if (does === 'copy') return mistakeInCopy((result as CopiedBytes).copied, copySource(work));
  for (const [name, expected] of Object.entries(work.expected)) {
    const got = (result as Outputs)[name];
    const mistake = got === undefined ? 'is missing' : mistakeInOutput(got, expected, work.shape);
    if (mistake !== null) return `${name}: ${mistake}`;
  }
  return null;
}

/** Whether every output is there and has its length: the work was done, even if the result is wrong. */
export function isWhole(result: Outputs, { expected }: Workload): boolean {
  return Object.entries(expected).every(([name, { values }]) => result[name]?.length === values.length);
}

function mistakeInOutput(
  got: Elements,
  { dtype, values, relative, absolute }: Expected,
  { layout, elements }: BenchShape,
): string | null {
  if (got.length !== values.length) return `${got.length} elements, not ${values.length}`;
  const numbers = got instanceof Int8Array || dtype === 'int8' ? got : decodeByTable(got, dtype);
  const rows = new Set<number>();
  let wrong = 0;
  let farthest = -1;
  let most = -1;
  for (let i = 0; i < values.length; i++) {
    const right = values[i]!;
    const error = Math.abs(numbers[i]! - right);
    // Written so that a NaN is a mistake, and the largest.
    if (error <= relative * Math.abs(right) + absolute) continue;
    wrong++;
    rows.add(rowOf(layout, i));
    if (error <= most || Number.isNaN(most)) continue;
    most = error;
    farthest = i;
  }
  if (wrong === 0) return null;
  const { outer, groups, inner } = layout;
  const inRows = values.length === elements ? `, in ${rows.size} of ${outer * groups * inner} rows` : '';
  return `element ${farthest} is ${numbers[farthest]}, not ${values[farthest]}; ${wrong} of ${values.length} are wrong${inRows}`;
}

/** The row of an element of an output that is as large as x. There are outer * groups * inner rows. */
function rowOf({ size, inner }: Layout, flat: number): number {
  return Math.floor(flat / (size * inner)) * inner + (flat % inner);
}

function mistakeInCopy(copied: Uint8Array, source: Uint8Array): string | null {
  if (copied.length !== source.length) return `${copied.length} bytes, not ${source.length}`;
  const wrong = copied.findIndex((byte, i) => byte !== source[i]);
  return wrong < 0 ? null : `byte ${wrong} is ${copied[wrong]}, not ${source[wrong]}`;
}
