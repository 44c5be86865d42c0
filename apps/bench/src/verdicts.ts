import type { Goal } from './goals.ts';
import { geometricMean } from './method/statistics.ts';
import { timedOutcome, type WorkloadResult } from './results.ts';

/** One goal at one size, or at the geometric mean of all. */
export interface Verdict {
  readonly goal: Goal;
  /** A size, or 'geometric mean of N'. */
  readonly at: string;
  readonly reached: number;
  readonly met: boolean;
}

/** Every goal that these results can answer; a geometric mean is of the sizes that were run. */
export function verdicts(goals: readonly Goal[], results: readonly WorkloadResult[]): Verdict[] {
  return goals.flatMap((goal) => {
    const ratios = results
      .filter(({ place, dtype, shape }) => place === goal.place && dtype === goal.dtype && covers(goal, shape))
      .flatMap((result) => {
        const rival = timedOutcome(result, goal.over);
        return rival ? [{ at: result.shape, reached: rival.ratio.median }] : [];
      });
    if (ratios.length === 0) return [];
    const judged =
      goal.of === 'each'
        ? ratios
        : [{ at: `geometric mean of ${ratios.length}`, reached: geometricMean(ratios.map(({ reached }) => reached)) }];
    return judged.map(({ at, reached }) => ({ goal, at, reached, met: reached >= goal.atLeast }));
  });
}

function covers(goal: Goal, shape: string): boolean {
  return goal.shapes === 'all' || goal.shapes.includes(shape);
}
