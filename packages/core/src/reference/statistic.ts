import type { Problem } from '../driver/problem.ts';
import { unreachable } from '../values/unreachable.ts';

/** r / alpha of a row, from its sum of squares over `count` features. */
export function rstdOf({ epsMode, eps }: Problem, sum: number, count: number): number {
  switch (epsMode) {
    case 'add':
      return 1 / Math.sqrt(sum / count + eps);
    case 'clamp':
      return Math.sqrt(count) / Math.max(Math.sqrt(sum), eps);
    default:
      return unreachable(epsMode, 'epsMode');
  }
}

/**
 * How rstd = r / alpha changes with its row: the c of d rstd/dx = -c * x / statSize. Null where r is a constant.
 * @param rstd of this row
 */
export function rstdSlopeOf({ epsMode, eps }: Problem, rstd: number, sum: number): number | null {
  switch (epsMode) {
    case 'add':
      return rstd ** 3;
    case 'clamp':
      return Math.sqrt(sum) <= eps ? null : rstd ** 3;
    default:
      return unreachable(epsMode, 'epsMode');
  }
}
