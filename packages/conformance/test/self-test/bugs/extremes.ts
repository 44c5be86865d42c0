import type { FloatDType, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { type Operands, PlainDriver, type Row, type Statistic } from '../plain-driver.ts';

/** Rows beyond the range of squares, zeros, NaN and infinity. */
export const EXTREME_BUGS: readonly Bug[] = [
  {
    name: 'squares overflow',
    fault: 'does not rescale rows whose squares overflow',
    caughtBy: /^forward\/extremes/,
    planted: class extends PlainDriver {
      override isExtreme(p: Problem, sum: number): boolean {
        return sum < 1 && super.isExtreme(p, sum);
      }
    },
  },
  {
    name: 'squares vanish',
    fault: 'does not rescale rows whose squares underflow',
    caughtBy: /^forward\/extremes/,
    planted: class extends PlainDriver {
      override isExtreme(p: Problem, sum: number): boolean {
        return sum > 1 && super.isExtreme(p, sum);
      }
    },
  },
  {
    name: 'rescaled without eps',
    fault: 'adds eps to the mean square of the rescaled row as it is, not rescaled too',
    caughtBy: /^forward\/extremes:(x|outlier)/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot({ ...p, eps: p.eps / (p.epsMode === 'add' ? scale * scale : scale) }, sum, scale);
      }
    },
  },
  {
    name: 'rescaled by the maximum of each row',
    fault: 'divides every row by max |x| and forgets to divide eps by its square',
    caughtBy: /^forward\/(values|extremes)/,
    planted: class extends PlainDriver {
      override isExtreme(): boolean {
        return true;
      }
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot({ ...p, eps: p.eps / (p.epsMode === 'add' ? scale * scale : scale) }, sum, scale);
      }
    },
  },
  {
    name: 'rescaled by the statistic alone',
    fault: 'clears the features outside the statistic (partial) in rows that it rescales',
    caughtBy: /^forward\/extremes:option=partial/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        super.normalizeRow(p, operands, row, y);
        const sum = this.sumOfSquares(operands.x.subarray(row.start), p.statSize, 1);
        if (p.inner > 1 || !this.isExtreme(p, sum)) return;
        y.fill(0, row.start + p.statSize, row.start + p.size);
      }
    },
  },
  {
    name: 'rstd of the rescaled row',
    fault: 'reports the rstd of the row as it was rescaled',
    caughtBy: /^forward\/extremes:option=rstd/,
    planted: class extends PlainDriver {
      override rstd(p: Problem, statistic: Statistic): number {
        return super.rstd(p, statistic) / statistic.scale;
      }
    },
  },
  {
    name: 'subnormals flushed',
    fault: 'reads float32 subnormals as 0 though it promises not to',
    caughtBy: /^forward\/subnormals/,
    planted: class extends PlainDriver {
      override load(block: Uint8Array, dtype: FloatDType, count: number): Float32Array {
        return super.load(block, dtype, count).map((value) => (Math.abs(value) < 2 ** -126 ? 0 : value));
      }
    },
  },
  {
    name: 'zero rows give NaN',
    fault: 'multiplies 0 by an infinite r where eps is 0',
    caughtBy: /^forward\/non-finite:zeros/,
    planted: class extends PlainDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return statistic.factor === Number.POSITIVE_INFINITY ? x * statistic.factor : super.normed(p, x, statistic);
      }
    },
  },
  {
    name: 'zero rows give zeros without beta',
    fault: 'skips rows of zeros and writes 0 where beta belongs',
    caughtBy: /^forward\/non-finite:zeros/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        super.normalizeRow(p, operands, row, y);
        for (let i = 0; i < p.size; i++) if (operands.x[row.start + i * row.stride] !== 0) return;
        for (let i = 0; i < p.size; i++) y[row.start + i * row.stride] = 0;
      }
    },
  },
  {
    name: 'r limited to the largest float',
    fault: 'gives 0 where the denominator is 0 and an element outside the statistic is not',
    caughtBy: /^forward\/non-finite:zeros=statistic/,
    planted: class extends PlainDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return statistic.factor === Number.POSITIVE_INFINITY ? 0 : super.normed(p, x, statistic);
      }
    },
  },
  {
    name: 'zeros stay zeros beside a NaN',
    fault: 'takes every 0 for one of a row of zeros',
    caughtBy: /^forward\/non-finite:x=nan-and-zero/,
    planted: class extends PlainDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return x === 0 ? 0 : super.normed(p, x, statistic);
      }
    },
  },
  {
    name: 'NaN leaks into the next row',
    fault: 'resets its accumulator by multiplying it by 0',
    caughtBy: /^forward\/non-finite:x/,
    planted: class extends PlainDriver {
      private accumulator = 0;
      override normalize(p: Problem, operands: Operands): Float32Array {
        this.accumulator = 0;
        return super.normalize(p, operands);
      }
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        this.accumulator = this.accumulator * 0 + super.sumOfSquares(row, count, scale);
        return this.accumulator;
      }
    },
  },
  {
    name: 'NaN skipped',
    fault: 'leaves NaN out of the sum, so that only the element itself is NaN',
    caughtBy: /^forward\/non-finite:x/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        const numbers = row.subarray(0, count).map((x) => (Number.isNaN(x) ? 0 : x));
        return super.sumOfSquares(numbers, count, scale);
      }
    },
  },
  {
    name: 'NaN outside the statistic spreads',
    fault: 'multiplies features outside the statistic by 0 and adds them',
    caughtBy: /^forward\/non-finite:outside/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        return super.sumOfSquares(row, count, scale) + row.subarray(count).reduce((sum, x) => sum + x * 0, 0);
      }
    },
  },
  {
    name: 'NaN in gamma spreads',
    fault: 'multiplies the sum by 1 + 0 * gamma',
    caughtBy: /^forward\/non-finite:gamma/,
    planted: class extends PlainDriver {
      private poison = 0;
      override normalize(p: Problem, operands: Operands): Float32Array {
        this.poison = operands.gamma?.reduce((sum, weight) => sum + weight * 0, 0) ?? 0;
        return super.normalize(p, operands);
      }
      override factor(r: number): number {
        return super.factor(r + this.poison);
      }
    },
  },
  {
    name: 'infinity gives finite values',
    fault: 'limits the sum to the largest float, as runtimes that absorb overflow do',
    caughtBy: /^forward\/non-finite:x/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot(p, Math.min(sum, 3.4e38), scale);
      }
    },
  },
  {
    name: 'infinity makes the row NaN',
    fault: 'divides the whole row by its maximum, infinity / infinity',
    caughtBy: /^forward\/non-finite:x/,
    planted: class extends PlainDriver {
      override scaleOf(row: Float32Array): number {
        return row.some((x) => Math.abs(x) === Number.POSITIVE_INFINITY) ? Number.NaN : super.scaleOf(row);
      }
    },
  },
];
