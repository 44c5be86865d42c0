import type { ForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { countRows, type Operands, PlainDriver, type Row, type Statistic } from '../plain-driver.ts';

/** A driver that can also sum a row last to first: within the bound, but with other bits. */
class TwoOrders extends PlainDriver {
  protected backwards(p: Problem, row: Float32Array): Statistic {
    const reversed = row.slice(0, p.statSize).reverse();
    return super.statistic(p, reversed, { index: 0, group: 0, start: 0, stride: 1 });
  }
}

/** Results that are within the bound but depend on what must not matter. */
export const INVARIANCE_BUGS: readonly Bug[] = [
  {
    name: 'depends on the number of rows',
    fault: 'takes another kernel where the rows are a multiple of 64',
    caughtBy: /^forward\/invariance:place=among/,
    planted: class extends TwoOrders {
      private rows = 0;
      override normalize(p: Problem, operands: Operands): Float32Array {
        this.rows = countRows(p);
        return super.normalize(p, operands);
      }
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return this.rows % 64 === 0 ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'a single row goes elsewhere',
    fault: 'splits a row over threads where there is only one',
    caughtBy: /^forward\/invariance/,
    planted: class extends TwoOrders {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return p.outer * p.groups * p.inner === 1 ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'the last rows go elsewhere',
    fault: 'takes rows in fours and sums the rows that are left over in another order',
    caughtBy: /^forward\/invariance/,
    planted: class extends TwoOrders {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        const rows = countRows(p);
        return place.index >= rows - (rows % 4) ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: "depends on inner's value",
    fault: 'takes another kernel where inner is a multiple of 4',
    caughtBy: /^forward\/invariance:place=inner/,
    planted: class extends TwoOrders {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return p.inner % 4 === 0 ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'the last columns go elsewhere',
    fault: 'sums the columns behind the last 4 along inner in another order',
    caughtBy: /^forward\/invariance:place=inner/,
    planted: class extends TwoOrders {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        const rest = p.inner > 1 && place.index % p.inner >= p.inner - (p.inner % 4);
        return rest ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'depends on alignment',
    fault: 'sums the elements before the first 16-byte boundary apart',
    caughtBy: /^forward\/invariance/,
    planted: class extends TwoOrders {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return place.stride === 1 && place.start % 4 !== 0 ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'depends on the group',
    fault: 'sums odd groups in another order',
    caughtBy: /^forward\/invariance:place=groups/,
    planted: class extends TwoOrders {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return place.group % 2 === 1 ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'in place differs',
    fault: 'sums in another order where y = x',
    caughtBy: /^forward\/invariance:out=in-place/,
    planted: class extends TwoOrders {
      private inPlace = false;
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        this.inPlace = io.x === io.y;
        super.forward(p, io);
      }
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return this.inPlace ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
  {
    name: 'asking for rstd changes y',
    fault: 'multiplies by the rstd that it stored, rounded, times alpha',
    caughtBy: /^forward\/invariance:rstd=asked/,
    planted: class extends PlainDriver {
      private stored = false;
      override normalize(p: Problem, operands: Operands): Float32Array {
        this.stored = operands.rstd !== null;
        return super.normalize(p, operands);
      }
      override factor(r: number): number {
        return this.stored ? super.factor(super.factor(r) * (1 + 2 ** -24)) : super.factor(r);
      }
    },
  },
  {
    name: 'nondeterministic',
    fault: 'adds in whichever order its threads finish',
    caughtBy: /^forward\/invariance/,
    planted: class extends TwoOrders {
      private calls = 0;
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        this.calls++;
        super.forward(p, io);
      }
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        return this.calls % 3 === 0 ? this.backwards(p, row) : super.statistic(p, row, place);
      }
    },
  },
];
