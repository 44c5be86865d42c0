import { KERNEL_GOAL, OVERHEAD_GOAL_NS } from '../goals.ts';
import type { OverheadResult } from '../results.ts';
import type { Verdict } from '../verdicts.ts';
import { ratio, WRONG } from './format.ts';
import type { Table } from './table.ts';

/** Every goal that was measured; those that were missed are listed again below, so that none is overlooked. */
export function goalTable(verdicts: readonly Verdict[], calls: readonly OverheadResult[]): Table {
  const lines = verdicts.map(({ goal, at, reached, met, wrong }) => ({
    cells: [
      `${goal.target}, ${goal.dtype}, ${goal.place}, over ${goal.over}`,
      at,
      `>= ${goal.atLeast}`,
      `${ratio(reached)}${wrong ? WRONG : ''}`,
    ],
    met,
  }));
  for (const { shape, overheadNanoseconds, kernelOverPlainCopy } of calls) {
    const { median } = overheadNanoseconds;
    lines.push({
      cells: ['forward with out, beyond its kernel', shape, `<= ${OVERHEAD_GOAL_NS} ns`, `${median.toFixed(0)} ns`],
      met: median <= OVERHEAD_GOAL_NS,
    });
    if (shape === KERNEL_GOAL.shape) {
      const reached = kernelOverPlainCopy.median;
      lines.push({
        cells: ['node, float32, the kernel, over plain-copy', shape, `>= ${KERNEL_GOAL.atLeast}`, ratio(reached)],
        met: reached >= KERNEL_GOAL.atLeast,
      });
    }
  }
  const wrong = verdicts.some((verdict) => verdict.wrong);
  const lost = lines.filter(({ met }) => !met);
  return {
    title: 'Goals',
    head: ['what', 'at', 'goal', 'reached', ''],
    rows: lines.map(({ cells, met }) => [...cells, met ? 'met' : 'MISSED']),
    notes: [
      `${lines.length - lost.length} of ${lines.length} goals met${lost.length > 0 ? '; missed:' : ''}`,
      ...lost.map(({ cells: [what, at, goal, reached] }) => `  ${what}, ${at}: ${reached}, goal ${goal}`),
      ...(wrong ? ['WRONG: the other gives a wrong result there, see below its table'] : []),
    ],
  };
}
