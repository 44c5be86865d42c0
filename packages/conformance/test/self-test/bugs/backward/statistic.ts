import { type BackwardIO, type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { type GradientOperands, type GradientRow, OperationsDriver } from '../../operations-driver.ts';
import { countElements, type Row } from '../../plain-driver.ts';

/** In the statistic that backward starts from, and where its denominator is 0. */
export const BACKWARD_STATISTIC_BUGS: readonly Bug[] = [
  {
    name: 'clamp differentiated where it is active',
    fault: 'gives the middle term also where the norm is below eps',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return { ...super.gradientRow(p, operands, place), slopeFactor: 1 };
      }
    },
  },
  {
    name: 'clamp always constant',
    fault: 'never gives the middle term in mode clamp',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        const row = super.gradientRow(p, operands, place);
        return p.epsMode === 'clamp' ? { ...row, slopeFactor: null } : row;
      }
    },
  },
  {
    name: 'given rstd ignored',
    fault: 'computes the statistic again although one was given',
    caughtBy: /^backward\/given-rstd/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return super.gradientRow(p, { ...operands, rstd: null }, place);
      }
    },
  },
  {
    name: 'given rstd taken for r',
    fault: 'forgets alpha where rstd is given',
    caughtBy: /^backward\/(options|given-rstd|rstd-of-forward)/,
    planted: class extends OperationsDriver {
      override given(_p: Problem, rstd: number): number {
        return rstd;
      }
    },
  },
  {
    name: 'llama rounds in backward',
    fault: 'takes the rounded x * r for dgamma, where rounding counts as identity',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        const row = super.gradientRow(p, operands, place);
        return p.casting === 'llama' ? { ...row, normed: row.normed.map((value) => roundTo(p.dtype, value)) } : row;
      }
    },
  },
  {
    name: 'dx clamped to finite numbers',
    fault: 'gives the largest number instead of an infinity at a zero denominator',
    caughtBy: /^backward\/zero-rows/,
    planted: class extends OperationsDriver {
      override dxOf(p: Problem, row: GradientRow, i: number, middle: number): number {
        return Math.max(-3.4e38, Math.min(3.4e38, super.dxOf(p, row, i, middle)));
      }
    },
  },
  {
    name: 'NaN at a zero denominator',
    fault: 'multiplies 0 by an infinite r',
    caughtBy: /^backward\/zero-rows/,
    planted: class extends OperationsDriver {
      override dxOf(_p: Problem, { g, normed, r }: GradientRow, i: number, middle: number): number {
        return (g[i]! - normed[i]! * middle) * r;
      }
    },
  },
  {
    name: 'a NaN spoils every dx',
    fault: 'scales by the mean of all rows, where one NaN reaches them all',
    caughtBy: /^backward\/non-finite/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        const x = this.load(io.x, p.dtype, countElements(p));
        super.backward(p, io);
        if (x.some(Number.isNaN)) this.store(io.dx, p.dtype, x.fill(Number.NaN));
      }
    },
  },
];
