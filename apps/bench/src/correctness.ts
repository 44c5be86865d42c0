import type { CopiedBytes, Outputs } from './candidate.ts';
import { copySource } from './copy-source.ts';
import { decoded } from './decoded.ts';
import type { Expected } from './exact/expected.ts';
import type { Elements, Workload } from './workload.ts';

/** Says what is wrong with the result of a candidate; null where all of it is right. */
export function mistakeIn(result: Outputs | CopiedBytes, does: 'norm' | 'copy', work: Workload): string | null {
  if (does === 'copy') return mistakeInCopy((result as CopiedBytes).copied, copySource(work));
  for (const [name, expected] of Object.entries(work.expected)) {
    const got = (result as Outputs)[name];
    const mistake = got === undefined ? 'is missing' : mistakeInOutput(got, expected);
    if (mistake !== null) return `${name}: ${mistake}`;
  }
  return null;
}

function mistakeInOutput(got: Elements, { dtype, values, relative, absolute }: Expected): string | null {
  if (got.length !== values.length) return `${got.length} elements, not ${values.length}`;
  const numbers = got instanceof Int8Array || dtype === 'int8' ? got : decoded(got, dtype);
  for (let i = 0; i < values.length; i++) {
    const right = values[i]!;
    // Written so that a NaN is a mistake.
    if (!(Math.abs(numbers[i]! - right) <= relative * Math.abs(right) + absolute)) {
      return `element ${i} is ${numbers[i]}, not ${right}`;
    }
  }
  return null;
}

function mistakeInCopy(copied: Uint8Array, source: Uint8Array): string | null {
  if (copied.length !== source.length) return `${copied.length} bytes, not ${source.length}`;
  const wrong = copied.findIndex((byte, i) => byte !== source[i]);
  return wrong < 0 ? null : `byte ${wrong} is ${copied[wrong]}, not ${source[wrong]}`;
}
