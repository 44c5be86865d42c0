import type { Op, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import type { Row, Statistic } from '../../plain-driver.ts';
import { AroundDriver, type DriverCall } from './around.ts';

/** Sums rows last to first where `when` holds: within every bound, but with other bits. */
function otherOrder(when: (call: DriverCall, place: Row) => boolean): new () => AroundDriver {
  return class extends AroundDriver {
    private backwards = false;
    override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
      this.backwards = this.current !== null && when(this.current, place);
      return super.statistic(p, row, place);
    }
    override partialSum(p: Problem, row: Float32Array): number {
      this.backwards = this.current !== null && when(this.current, { index: 0, group: 0, start: 0, stride: 1 });
      return super.partialSum(p, row);
    }
    override sumOfSquares(row: Float32Array, count: number, scale: number): number {
      const { backwards } = this;
      const ordered = backwards ? row.slice(0, count).reverse() : row;
      return super.sumOfSquares(ordered, count, scale);
    }
    // float64 hides the order: as a kernel, whose sums are float32.
    override factor(r: number): number {
      return super.factor(this.backwards ? r * (1 + 2 ** -23) : r);
    }
    override inverseRoot(p: Problem, sum: number, scale: number): number {
      return super.inverseRoot(p, this.backwards ? sum * (1 - 2 ** -22) : sum, scale);
    }
  };
}

const BITS: readonly {
  readonly op: Op;
  readonly what: string;
  readonly caughtBy: string;
  readonly when: (call: DriverCall, place: Row) => boolean;
}[] = [
  ...(['addForward', 'gatedForward'] as const).map((op) => ({
    op,
    what: 'where rstd is asked for, in rows of more than 300',
    caughtBy: 'plan:.*asked=rstd',
    when: ({ p, io }: DriverCall) => io.rstd !== null && p.size > 300,
  })),
  {
    op: 'forward',
    what: 'where rstd is asked for, along inner and beyond 1,000',
    caughtBy: 'plan:.*asked=rstd',
    when: ({ p, io }) => io.rstd !== null && p.inner > 1 && p.size > 1000,
  },
  ...(['forward', 'addForward', 'gatedForward', 'backward', 'forwardQuantized'] as const).map((op, i) => ({
    op,
    what: 'of one wide row, which many threads share',
    caughtBy: 'invariance:place=(two-wide|among-150|wide)',
    when: ({ p }: DriverCall) => p.outer * p.groups * p.inner === 1 && p.size > (i % 2 === 0 ? 16_384 : 8192),
  })),
  {
    op: 'forward',
    what: 'of wide rows among more than 128',
    caughtBy: 'invariance:place=among-150',
    when: ({ p }) => p.outer > 128 && p.size > 2000,
  },
  {
    op: 'backward',
    what: 'in place, in rows of more than 4,096',
    caughtBy: 'plan:.*place=dx-in',
    when: ({ p, io }) => io.dx === io.dy && p.size > 4096,
  },
  {
    op: 'gatedForward',
    what: 'of two wide columns',
    caughtBy: 'invariance:place=wide-inner',
    when: ({ p }) => p.inner === 2 && p.size > 8192,
  },
];

/** Bits that depend on what must not matter, from some size on. */
export const PLAN_BIT_BUGS: readonly Bug[] = BITS.map(
  ({ op, what, caughtBy, when }): Bug => ({
    name: `${op}: other bits ${what}`,
    fault: 'takes another order of additions there',
    caughtBy: new RegExp(`^${op}/${caughtBy}`),
    planted: otherOrder((call, place) => call.op === op && when(call, place)),
  }),
);
