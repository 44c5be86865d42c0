import { type Problem, roundTo, type ScaleByIO } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { OperationsDriver } from '../operations-driver.ts';

type Whole = Problem & { readonly count: number };

export const SHARDED_BUGS: readonly Bug[] = [
  {
    name: 'sumSquares gives the mean',
    fault: 'divides the sum of squares by size',
    caughtBy: /^sumSquares\//,
    planted: class extends OperationsDriver {
      override partialSum(p: Problem, row: Float32Array): number {
        return super.partialSum(p, row) / p.size;
      }
    },
  },
  {
    name: 'sumSquares gives the norm',
    fault: 'takes the root, which cannot be added up',
    caughtBy: /^sumSquares\//,
    planted: class extends OperationsDriver {
      override partialSum(p: Problem, row: Float32Array): number {
        return Math.sqrt(super.partialSum(p, row));
      }
    },
  },
  {
    name: 'sumSquares in the dtype of x',
    fault: 'rounds the sum to 16 bits where x has 16 bits',
    caughtBy: /^sumSquares\//,
    planted: class extends OperationsDriver {
      override partialSum(p: Problem, row: Float32Array): number {
        return roundTo(p.dtype, super.partialSum(p, row));
      }
    },
  },
  {
    name: 'sumSquares in one chain',
    fault: 'adds up all squares in float32',
    caughtBy: /^sumSquares\//,
    planted: class extends OperationsDriver {
      override partialSum(_p: Problem, row: Float32Array): number {
        return row.reduce((sum, x) => Math.fround(sum + Math.fround(x * x)), 0);
      }
    },
  },
  {
    name: 'sumSquares saturates',
    fault: 'gives 2^100 for every sum above it',
    caughtBy: /^sumSquares\/extremes/,
    planted: class extends OperationsDriver {
      override partialSum(p: Problem, row: Float32Array): number {
        return Math.min(2 ** 100, super.partialSum(p, row));
      }
    },
  },
  {
    name: 'scaleBy counts its own features',
    fault: 'divides the sum of all shards by the features of one',
    caughtBy: /^scaleBy\//,
    planted: class extends OperationsDriver {
      override whole(p: Whole): Problem {
        return p;
      }
    },
  },
  {
    name: 'scaleBy counts equal shards',
    fault: 'rounds count to a multiple of its own features: wrong for shards of unequal size',
    caughtBy: /^scaleBy\/shards/,
    planted: class extends OperationsDriver {
      override whole(p: Whole): Problem {
        return super.whole({ ...p, count: Math.round(p.count / p.size) * p.size });
      }
    },
  },
  {
    name: 'scaleBy ignores eps',
    fault: 'takes the root of the mean alone',
    caughtBy: /^scaleBy\//,
    planted: class extends OperationsDriver {
      override whole(p: Whole): Problem {
        return { ...super.whole(p), eps: 0 };
      }
    },
  },
  {
    name: 'scaleBy takes its own sum',
    fault: 'computes the sum of its own shard again and scales it up to count',
    caughtBy: /^scaleBy\//,
    planted: class extends OperationsDriver {
      override scaleBy(p: Whole, io: ScaleByIO<Uint8Array>): void {
        const sums = new Uint8Array(p.outer * p.groups * p.inner * 4);
        this.sumSquares(p, { x: io.x, sums });
        const own = new Float32Array(sums.buffer);
        for (const [row, sum] of own.entries()) own[row] = (sum * p.count) / p.size;
        super.scaleBy(p, { ...io, sums });
      }
    },
  },
  {
    name: 'scaleBy clamps by its own size',
    fault: 'multiplies by sqrt(size) of the shard in mode clamp',
    caughtBy: /^scaleBy\/options/,
    planted: class extends OperationsDriver {
      override whole(p: Whole): Problem {
        return { ...super.whole(p), size: p.size };
      }
    },
  },
  {
    name: 'scaleBy without alpha',
    fault: 'ignores scale',
    caughtBy: /^scaleBy\/options/,
    planted: class extends OperationsDriver {
      override scaleBy(p: Whole, io: ScaleByIO<Uint8Array>): void {
        super.scaleBy({ ...p, alpha: 1 }, io);
      }
    },
  },
  {
    name: 'scaleBy scales by its own size',
    fault: 'takes scale / sqrt(size) of the shard for alpha where a scale is given',
    caughtBy: /^scaleBy\/(options|shards)/,
    planted: class extends OperationsDriver {
      override scaleBy(p: Whole, io: ScaleByIO<Uint8Array>): void {
        super.scaleBy(p.alpha === 1 ? p : { ...p, alpha: p.alpha * Math.sqrt(p.count / p.size) }, io);
      }
    },
  },
  {
    name: 'scaleBy reads one sum for all groups',
    fault: "takes the first group's sum for every group",
    caughtBy: /^scaleBy\/layouts/,
    planted: class extends OperationsDriver {
      override scaleBy(p: Whole, io: ScaleByIO<Uint8Array>): void {
        const count = p.outer * p.groups * p.inner;
        const sums = new Float32Array(io.sums.buffer, io.sums.byteOffset, count);
        const first = sums.map((_, row) => {
          const block = Math.floor(row / p.inner);
          return sums[(block - (block % p.groups)) * p.inner + (row % p.inner)]!;
        });
        super.scaleBy(p, { ...io, sums: new Uint8Array(first.buffer) });
      }
    },
  },
];
