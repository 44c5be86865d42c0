import type { Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { countRows, type Operands, PlainDriver, type Row, type Statistic } from '../plain-driver.ts';

/** Elements that a loop misses, or takes from somewhere else. */
export const LAYOUT_BUGS: readonly Bug[] = [
  ...([4, 8, 16] as const).map(
    (width): Bug => ({
      name: `tail of the sum dropped, vectors of ${width}`,
      fault: `leaves out of the sum what is behind the last ${width} features that fill a vector`,
      caughtBy: /^forward\/values/,
      planted: class extends PlainDriver {
        override sumOfSquares(row: Float32Array, count: number, scale: number): number {
          return super.sumOfSquares(row, count < width ? count : count - (count % width), scale);
        }
      },
    }),
  ),
  ...([4, 8, 16] as const).map(
    (width): Bug => ({
      name: `tail of the output dropped, vectors of ${width}`,
      fault: `copies x unscaled behind the last ${width} features that fill a vector`,
      caughtBy: /^forward\/values/,
      planted: class extends PlainDriver {
        override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
          super.normalizeRow(p, operands, row, y);
          for (let i = p.size - (p.size % width); i < p.size; i++) {
            const at = row.start + i * row.stride;
            y[at] = operands.x[at]!;
          }
        }
      },
    }),
  ),
  {
    name: 'sum runs into the next row',
    fault: 'sums whole vectors of 4, past the end of a row whose size is no multiple of 4',
    caughtBy: /^forward\/values/,
    planted: class extends PlainDriver {
      private x: Float32Array = new Float32Array(0);
      override normalize(p: Problem, operands: Operands): Float32Array {
        this.x = operands.x;
        return super.normalize(p, operands);
      }
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        if (p.inner > 1 || p.statSize < p.size) return super.statistic(p, row, place);
        const padded = Math.ceil(p.size / 4) * 4;
        const wide = this.x.subarray(place.start, place.start + padded);
        const sum = this.sumOfSquares(wide, wide.length, 1);
        const rstd = this.inverseRoot(p, sum, 1);
        return this.isExtreme(p, sum) ? super.statistic(p, row, place) : { scale: 1, factor: p.alpha * rstd, rstd };
      }
    },
  },
  {
    name: 'inner taken for 1',
    fault: 'reads channels-first data as if the features lay together',
    caughtBy: /^forward\/channels-first/,
    planted: class extends PlainDriver {
      override locate(p: Problem, index: number): Row {
        return { ...super.locate(p, index), start: index * p.size, stride: 1 };
      }
    },
  },
  {
    name: 'outer stride without groups',
    fault: 'steps from one outer to the next by size * inner, whatever the groups',
    caughtBy: /^forward\/groups/,
    planted: class extends PlainDriver {
      override locate(p: Problem, index: number): Row {
        const row = super.locate(p, index);
        const outer = Math.floor(index / (p.groups * p.inner));
        return { ...row, start: row.start - outer * (p.groups - 1) * p.size * p.inner };
      }
    },
  },
  {
    name: 'odd inner',
    fault: 'takes the columns along inner in pairs and misses the last of an odd number',
    caughtBy: /^forward\/channels-first/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        if (p.inner > 1 && p.inner % 2 === 1 && row.index % p.inner === p.inner - 1) return;
        super.normalizeRow(p, operands, row, y);
      }
    },
  },
  {
    name: "statistics of the strip's first column",
    fault: 'scales the columns behind the last full strip of 16 along inner by the statistic of that strip',
    caughtBy: /^forward\/channels-first/,
    planted: class extends PlainDriver {
      private first: Statistic | null = null;
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        const column = place.index % p.inner;
        const rest = p.inner > 16 && column >= p.inner - (p.inner % 16);
        const statistic = rest ? this.first! : super.statistic(p, row, place);
        if (column % 16 === 0 && !rest) this.first = statistic;
        return statistic;
      }
    },
  },
  {
    name: 'last row missed',
    fault: 'ends one row early where there is more than one',
    caughtBy: /^forward\/values/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        if (row.index === 0 || row.index < countRows(p) - 1) super.normalizeRow(p, operands, row, y);
      }
    },
  },
  {
    name: 'rows beyond 65,535 missed',
    fault: 'launches at most 65,535 workgroups of one row',
    caughtBy: /^forward\/values:.*shape=6553[67]x/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        if (row.index < 65_535) super.normalizeRow(p, operands, row, y);
      }
    },
  },
  {
    name: 'row numbers in 16 bits',
    fault: 'computes row 65,536 as row 0',
    caughtBy: /^forward\/values:.*shape=65537x/,
    planted: class extends PlainDriver {
      override locate(p: Problem, index: number): Row {
        return super.locate(p, index % 65_536);
      }
    },
  },
  {
    name: 'features beyond 65,536 missed in the sum',
    fault: 'keeps at most 64 features in each of 1,024 lanes',
    caughtBy: /^forward\/sums:.*65537/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        return super.sumOfSquares(row, Math.min(count, 65_536), scale);
      }
    },
  },
  {
    name: 'groups beyond 65,535 missed',
    fault: 'puts groups along an axis of a grid that ends at 65,535',
    caughtBy: /^forward\/groups:.*groups=65537/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        if (row.group < 65_535) super.normalizeRow(p, operands, row, y);
      }
    },
  },
  {
    name: 'outer beyond 65,535 missed where inner > 1',
    fault: 'puts outer along an axis of a grid that ends at 65,535',
    caughtBy: /^forward\/channels-first:.*shape=65537/,
    planted: class extends PlainDriver {
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        const outer = Math.floor(row.index / (p.groups * p.inner));
        if (p.inner === 1 || outer < 65_535) super.normalizeRow(p, operands, row, y);
      }
    },
  },
];
