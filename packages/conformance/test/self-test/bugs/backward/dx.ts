import { type BackwardIO, type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import {
  type GradientOperands,
  type GradientRow,
  type GradientSums,
  OperationsDriver,
} from '../../operations-driver.ts';
import type { Row } from '../../plain-driver.ts';

const caughtBy = /^backward\//;
const { fround } = Math;

/** In dx where the statistic is right. */
export const DX_BUGS: readonly Bug[] = [
  {
    name: 'dx without the middle term',
    fault: 'gives dx = g * r',
    caughtBy,
    planted: class extends OperationsDriver {
      override middle(): number {
        return 0;
      }
    },
  },
  {
    name: 'middle term over size',
    fault: 'divides the sum of g x by size instead of by statSize',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return (super.middle(p, row) * p.statSize) / p.size;
      }
    },
  },
  {
    name: 'middle term with r^2',
    fault: 'multiplies x * mean(g x) by r^2 instead of by r^3',
    caughtBy,
    planted: class extends OperationsDriver {
      override dxOf(p: Problem, row: GradientRow, i: number, middle: number): number {
        return super.dxOf(p, row, i, middle / row.r);
      }
    },
  },
  {
    name: 'middle term without alpha',
    fault: 'does not divide r^3 by alpha^2: wrong for any scale but sqrt(size)',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return super.middle({ ...p, alpha: 1 }, row);
      }
    },
  },
  {
    name: 'middle term without gamma',
    fault: 'sums dy * x instead of dy * w * x',
    caughtBy,
    planted: class extends OperationsDriver {
      private dy: Float32Array = new Float32Array(0);
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        this.dy = this.rowOf(p, operands.dy, place);
        return super.gradientRow(p, operands, place);
      }
      override middle(p: Problem, row: GradientRow): number {
        return super.middle(p, { ...row, g: this.dy });
      }
    },
  },
  {
    name: 'middle term summed in float16',
    fault: 'keeps the sum of g x in the dtype of x',
    caughtBy,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return roundTo(p.dtype, super.middle(p, row));
      }
    },
  },
  {
    name: 'r^3 in float32',
    fault: 'computes r * r * r * x * (sum of g x) factor by factor: overflows where r^3 does',
    caughtBy: /^backward\/extremes/,
    planted: class extends OperationsDriver {
      override dxOf(p: Problem, row: GradientRow, i: number, middle: number): number {
        if (middle === 0) return super.dxOf(p, row, i, middle);
        const cubed = fround(fround(row.r * row.r) * row.r);
        const dot = fround(middle / row.r);
        return row.g[i]! * row.r - fround(fround(cubed * dot) * row.x[i]!);
      }
    },
  },
  {
    name: 'dx without gamma',
    fault: 'takes dy for dy * w',
    caughtBy,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return super.gradientRow(p, { ...operands, gamma: null }, place);
      }
    },
  },
  {
    name: 'weightOffset ignored in backward',
    fault: 'multiplies dy by gamma alone',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        super.backward({ ...p, weightOffset: 0 }, io);
      }
    },
  },
  {
    name: 'partial ignored in dx',
    fault: 'gives elements beyond statSize the middle term too',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        const row = this.gradientRow(p, o, place);
        const middle = this.middle(p, row);
        super.gradients(p, o, place, dx, sums);
        for (let i = p.statSize; i < p.size; i++) dx[place.start + i * place.stride] = this.dxOf(p, row, i, middle);
      }
    },
  },
  {
    name: 'only the statistic in the sum of g x',
    fault: 'sums g x over the first statSize elements instead of over all',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return super.middle({ ...p, size: p.statSize }, row);
      }
    },
  },
  {
    name: 'dsum ignored',
    fault: 'gives dx of forward alone',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override withSum(dx: number): number {
        return dx;
      }
    },
  },
  {
    name: 'dsum added after the rounding',
    fault: 'rounds dx to 16 bits, adds dsum, and rounds again',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      private dtype: Problem['dtype'] = 'float32';
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        this.dtype = p.dtype;
        super.backward(p, io);
      }
      override withSum(dx: number, dsum: number): number {
        return roundTo(this.dtype, dx) + dsum;
      }
    },
  },
];
