import { type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { type Operands, PlainDriver, type Row, type Statistic } from '../plain-driver.ts';

/** Another formula than the contract's: the look-alikes that other libraries compute. */
export const STATISTIC_BUGS: readonly Bug[] = [
  {
    name: 'dim ** -0.5 for dim ** 0.5',
    fault: 'multiplies x / norm2(x) by dim ** -0.5, as the implementation that this project starts from does',
    caughtBy: /^forward\/(values|golden)/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot(p, sum, scale) / p.size;
      }
    },
  },
  {
    name: 'eps outside the root',
    fault: 'adds eps to the RMS instead of to the mean square',
    caughtBy: /^forward\/options:eps/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        if (p.epsMode === 'clamp') return super.inverseRoot(p, sum, scale);
        return 1 / (Math.sqrt(sum / p.statSize) + p.eps * scale);
      }
    },
  },
  {
    name: 'eps missing',
    fault: 'divides by the plain RMS',
    caughtBy: /^forward\/options:eps/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot({ ...p, eps: 0 }, sum, scale);
      }
    },
  },
  {
    name: 'eps added to the sum',
    fault: 'adds eps before dividing by the count instead of after',
    caughtBy: /^forward\/options:eps/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        if (p.epsMode === 'clamp') return super.inverseRoot(p, sum, scale);
        return 1 / Math.sqrt((sum + p.eps * scale * scale) / p.statSize);
      }
    },
  },
  {
    name: 'eps below 1e-8 raised',
    fault: 'takes 1e-8 for every eps below it, as if the caller could not mean less',
    caughtBy: /^forward\/options:eps=.*row=tiny/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot({ ...p, eps: Math.max(p.eps, 1e-8) }, sum, scale);
      }
    },
  },
  {
    name: 'eps in float16',
    fault: 'keeps eps in the dtype of x, where 1e-12 is 0 and 1e-6 is 9.5e-7',
    caughtBy: /^forward\/options:.*eps.*float16/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot({ ...p, eps: roundTo(p.dtype, p.eps) }, sum, scale);
      }
    },
  },
  {
    name: 'mean subtracted',
    fault: "divides by the standard deviation, as Keras's LayerNormalization(rms_scaling=True) does",
    caughtBy: /^forward\/values/,
    planted: class extends PlainDriver {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
        return super.statistic(
          p,
          row.map((x) => x - mean),
          place,
        );
      }
    },
  },
  {
    name: 'groups ignored',
    fault: 'takes one statistic over all groups',
    caughtBy: /^forward\/groups/,
    planted: class extends PlainDriver {
      override normalize(p: Problem, operands: Operands): Float32Array {
        const { groups, size, statSize } = p;
        return super.normalize({ ...p, groups: 1, size: groups * size, statSize: groups * statSize }, operands);
      }
    },
  },
  {
    name: 'group statistics leak into the next',
    fault: 'does not reset the sum between the groups of one position',
    caughtBy: /^forward\/groups/,
    planted: class extends PlainDriver {
      private sums: number[] = [];
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        if (place.group === 0 && place.index % p.inner === 0) this.sums = [];
        return super.statistic(p, row, place);
      }
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        const sum = super.sumOfSquares(row, count, scale);
        const leaked = this.sums.reduce((total, other) => total + other * scale * scale, 0);
        this.sums.push(sum / (scale * scale));
        return sum + leaked;
      }
    },
  },
  {
    name: 'alpha ignored',
    fault: 'has unit RMS whatever `scale` says',
    caughtBy: /^forward\/options:scale/,
    planted: class extends PlainDriver {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return super.statistic({ ...p, alpha: 1 }, row, place);
      }
    },
  },
  {
    name: 'clamp puts eps under the root',
    fault: "treats epsMode 'clamp' as sqrt(sum + eps)",
    caughtBy: /^forward\/options:mode=clamp/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        if (p.epsMode === 'add') return super.inverseRoot(p, sum, scale);
        return Math.sqrt(p.size) / Math.sqrt(sum + p.eps * scale * scale);
      }
    },
  },
  {
    name: 'clamp adds eps to the norm',
    fault: 'divides by norm2(x) + eps instead of by the larger of the two',
    caughtBy: /^forward\/options:mode=clamp/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        if (p.epsMode === 'add') return super.inverseRoot(p, sum, scale);
        return Math.sqrt(p.size) / (Math.sqrt(sum) + p.eps * scale);
      }
    },
  },
  {
    name: 'clamp compares eps with the RMS',
    fault: 'clamps norm2(x) / sqrt(size) instead of norm2(x)',
    caughtBy: /^forward\/options:mode=clamp/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        if (p.epsMode === 'add') return super.inverseRoot(p, sum, scale);
        return 1 / Math.max(Math.sqrt(sum / p.size), p.eps * scale);
      }
    },
  },
  {
    name: 'partial divides by size',
    fault: 'divides the sum over statSize features by all of them',
    caughtBy: /^forward\/options:partial/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        return super.inverseRoot({ ...p, statSize: p.size }, sum, scale);
      }
    },
  },
  {
    name: 'partial takes the last features',
    fault: 'sums the last statSize features instead of the first',
    caughtBy: /^forward\/options:partial/,
    planted: class extends PlainDriver {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return super.statistic(p, row.slice().reverse(), place);
      }
    },
  },
  {
    name: 'partial ignored',
    fault: 'sums all features',
    caughtBy: /^forward\/options:partial/,
    planted: class extends PlainDriver {
      override normalize(p: Problem, operands: Operands): Float32Array {
        return super.normalize({ ...p, statSize: p.size }, operands);
      }
    },
  },
  {
    name: 'partial in whole vectors',
    fault: 'rounds statSize up to a multiple of 4 in the sum',
    caughtBy: /^forward\/options:partial/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        return super.sumOfSquares(row, Math.min(row.length, Math.ceil(count / 4) * 4), scale);
      }
    },
  },
  {
    name: 'sign of scale lost',
    fault: 'takes |scale|',
    caughtBy: /^forward\/options:scale/,
    planted: class extends PlainDriver {
      override factor(r: number): number {
        return super.factor(Math.abs(r));
      }
    },
  },
];
