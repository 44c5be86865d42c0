import type { Op, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import type { GradientRow } from '../../operations-driver.ts';
import type { Row, Statistic } from '../../plain-driver.ts';
import { AroundDriver } from './around.ts';

const { fround } = Math;

/** So many float32 sums beside each other, added up in float32. */
function inLanes(count: number, lanes: number, term: (i: number) => number): number {
  const sums = new Float32Array(Math.min(lanes, count));
  for (let i = 0; i < count; i++) sums[i % lanes]! += term(i);
  return sums.reduce((sum, lane) => fround(sum + lane), 0);
}

/** Sums squares in float32 lanes, in one operation, where rows are long. */
function squaresInLanes(op: Op, lanes: number, from: number): new () => AroundDriver {
  return class extends AroundDriver {
    override sumOfSquares(row: Float32Array, count: number, scale: number): number {
      if (this.current?.op !== op || count < from) return super.sumOfSquares(row, count, scale);
      return inLanes(count, lanes, (i) => fround(row[i]! * scale) ** 2);
    }
  };
}

const LANES: readonly (readonly [Op, number, number])[] = [
  ['forward', 64, 60_000],
  ['addForward', 64, 60_000],
  ['gatedForward', 32, 4000],
  ['gatedForward', 64, 60_000],
  ['backward', 16, 60_000],
  ['sumSquares', 128, 60_000],
  ['forwardQuantized', 64, 60_000],
];

/** backward's sum of g * x * r, in float32 lanes. */
function middleInLanes(lanes: number, from: number): new () => AroundDriver {
  return class extends AroundDriver {
    override middle(p: Problem, { g, normed, slopeFactor, ...row }: GradientRow): number {
      if (slopeFactor === null || p.size < from) return super.middle(p, { g, normed, slopeFactor, ...row });
      return (slopeFactor * inLanes(p.size, lanes, (i) => g[i]! * normed[i]!)) / (p.statSize * p.alpha * p.alpha);
    }
  };
}

/** Leaves rows as they are that are to be scaled, under some condition. */
function notRescued(op: Op, spared: (p: Problem, sum: number) => boolean): new () => AroundDriver {
  return class extends AroundDriver {
    override isExtreme(p: Problem, sum: number): boolean {
      return super.isExtreme(p, sum) && !(this.current?.op === op && spared(p, sum));
    }
    override sumOfSquares(row: Float32Array, count: number, scale: number): number {
      // In float32, as a kernel has it: what overflows is infinite.
      return this.current?.op === op
        ? fround(super.sumOfSquares(row, count, scale))
        : super.sumOfSquares(row, count, scale);
    }
  };
}

const NOT_RESCUED: readonly {
  readonly op: Op;
  readonly where: string;
  readonly rows: 'large' | 'small';
  readonly spared: (p: Problem, sum: number) => boolean;
}[] = [
  { op: 'forward', where: 'along inner', rows: 'large', spared: (p, sum) => p.inner > 1 && sum > 1 },
  { op: 'forward', where: 'beyond 8,192', rows: 'large', spared: (p, sum) => p.size > 8192 && sum > 1 },
  { op: 'forward', where: 'beyond 8,192', rows: 'small', spared: (p, sum) => p.size > 8192 && sum < 1 },
  { op: 'addForward', where: 'along inner', rows: 'large', spared: (p, sum) => p.inner > 1 && sum > 1 },
  { op: 'addForward', where: 'beyond 1,024', rows: 'small', spared: (p, sum) => p.size > 1024 && sum < 1 },
  { op: 'gatedForward', where: 'beyond 4,096', rows: 'large', spared: (p, sum) => p.size > 4096 && sum > 1 },
  { op: 'gatedForward', where: 'in groups', rows: 'small', spared: (p, sum) => p.groups > 1 && sum < 1 },
  { op: 'backward', where: 'along inner', rows: 'large', spared: (p, sum) => p.inner > 1 && sum > 1 },
  { op: 'backward', where: 'beyond 8,192', rows: 'small', spared: (p, sum) => p.size > 8192 && sum < 1 },
  { op: 'forwardQuantized', where: 'beyond 4,096', rows: 'large', spared: (p, sum) => p.size > 4096 && sum > 1 },
  { op: 'forwardQuantized', where: 'along inner', rows: 'small', spared: (p, sum) => p.inner > 1 && sum < 1 },
];

/** A statistic that is asked for, of a row that needs no work. */
function rstdOfSpecial(op: Op, special: 'zeros' | 'nan'): new () => AroundDriver {
  return class extends AroundDriver {
    private zero = false;
    override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
      this.zero = row.subarray(0, p.statSize).every((value) => value === 0);
      return super.statistic(p, row, place);
    }
    override rstd(p: Problem, statistic: Statistic): number {
      const value = super.rstd(p, statistic);
      const meant = this.current?.op === op && (special === 'zeros' ? this.zero : Number.isNaN(value));
      return meant ? 0 : value;
    }
  };
}

const WITH_RSTD = ['forward', 'addForward', 'gatedForward'] as const;

/** Sums along rows, rows that are to be rescued, and the statistic that comes out. */
export const PLAN_SUM_BUGS: readonly Bug[] = [
  ...LANES.map(
    ([op, lanes, from]): Bug => ({
      name: `${op}'s squares in ${lanes} float32 lanes from ${from} on`,
      fault: `adds a lane of ${Math.ceil(from / lanes)} squares and more in float32`,
      caughtBy: new RegExp(`^${op}/plan:sums`),
      planted: squaresInLanes(op, lanes, from),
    }),
  ),
  ...[1, 4].map(
    (lanes): Bug => ({
      name: `backward's g x in ${lanes} float32 ${lanes === 1 ? 'chain' : 'lanes'}`,
      fault: 'sums g * x in float32, though the squares are summed well',
      caughtBy: /^backward\/plan:sums/,
      planted: middleInLanes(lanes, 4000),
    }),
  ),
  ...NOT_RESCUED.map(
    ({ op, where, rows, spared }): Bug => ({
      name: `${op}: ${rows} rows ${where} stay as they are`,
      fault: `does not scale rows of ${rows === 'large' ? '1e25' : '1e-25'} ${where}`,
      caughtBy: new RegExp(`^${op}/plan:.*rows=${rows}`),
      planted: notRescued(op, spared),
    }),
  ),
  ...WITH_RSTD.flatMap((op) =>
    (['zeros', 'nan'] as const).map(
      (special): Bug => ({
        name: `${op}: rstd of a row of ${special} is 0`,
        fault: 'takes a short way for such a row, which stores 0',
        caughtBy: new RegExp(`^${op}/plan:.*rows=${special}.*asked=rstd`),
        planted: rstdOfSpecial(op, special),
      }),
    ),
  ),
];
