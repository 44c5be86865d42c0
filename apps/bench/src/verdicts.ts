import type { Goal } from './goals.ts';
import { geometricMean } from './method/statistics.ts';
import { oursRan, timedOutcome, type WorkloadResult } from './results.ts';

/** One goal at one size, or at the geometric mean of all. */
export interface Verdict {
  readonly goal: Goal;
  /** A family and a size, or 'geometric mean of N'. */
  readonly at: string;
  readonly reached: number;
  readonly met: boolean;
}

/** Every goal that these results can answer; a geometric mean is of the sizes that were run. */
export function verdicts(goals: readonly Goal[], results: readonly WorkloadResult[]): Verdict[] {
  return goals.flatMap((goal) => {
    const ratios = results
      .filter((result) => covers(goal, result) && oursRan(result) && result.threads === 1)
      .flatMap((result) => {
        const rival = timedOutcome(result, goal.over);
        return rival ? [{ at: `${result.family} ${result.shape}`, reached: rival.ratio.median }] : [];
      });
    if (ratios.length === 0) return [];
    const judged =
      goal.of === 'each'
        ? ratios
        : [{ at: `geometric mean of ${ratios.length}`, reached: geometricMean(ratios.map(({ reached }) => reached)) }];
    return judged.map(({ at, reached }) => ({ goal, at, reached, met: reached >= goal.atLeast }));
  });
}

function covers(goal: Goal, { target, family, op, place, dtype, shape }: WorkloadResult): boolean {
  return (
    target === goal.target &&
    place === goal.place &&
    dtype === goal.dtype &&
    (goal.families === 'forward' ? op === 'forward' : goal.families.includes(family)) &&
    (goal.shapes === 'all' || goal.shapes.includes(shape))
  );
}
