import type { Goal } from './goals.ts';
import { geometricMean } from './method/statistics.ts';
import { oursRan, timedOutcome, type WorkloadResult } from './results.ts';

/** Whether one goal was reached, at one size or by the geometric mean of all. */
export interface Verdict {
  readonly goal: Goal;
  /** A family and a size, or 'geometric mean of N'. */
  readonly at: string;
  readonly reached: number;
  readonly met: boolean;
  /** Whether the other candidate's result is wrong there. A geometric mean leaves out wrong results. */
  readonly wrong: boolean;
}

/** Every goal that these results can answer. A geometric mean is over the sizes that were run. */
export function verdicts(goals: readonly Goal[], results: readonly WorkloadResult[]): Verdict[] {
  return goals.flatMap((goal) => {
    const ratios = results
      .filter((result) => covers(goal, result) && oursRan(result) && result.threads === 1)
      .flatMap((result) => {
        const rival = timedOutcome(result, goal.over);
        if (rival === undefined) return [];
        const wrong = rival.mistake !== null;
        if (wrong && goal.of === 'geometric mean') return [];
        return [{ at: `${result.family} ${result.shape}`, reached: rival.ratio.median, wrong }];
      });
    if (ratios.length === 0) return [];
    const judged =
      goal.of === 'each'
        ? ratios
        : [
            {
              at: `geometric mean of ${ratios.length}`,
              reached: geometricMean(ratios.map(({ reached }) => reached)),
              wrong: false,
            },
          ];
    return judged.map((one) => ({ goal, ...one, met: one.reached >= goal.atLeast }));
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
