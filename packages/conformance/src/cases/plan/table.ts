import type { Case } from '../../case/case.ts';
import type { Depth } from '../../case/depth.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import { planEntries } from '../../plan/plan.ts';
import { SUBJECTS } from '../../plan/subjects.ts';
import { runApplied } from './run-applied.ts';
import { runPlanned } from './run-planned.ts';

/** A case for each call of the plan. */
export function planCases(depth: Depth): Case[] {
  return planEntries(depth).map(({ id, depth: from, call }) => {
    const { op } = SUBJECTS.find(({ name }) => name === call.subject)!;
    return {
      id,
      depth: from,
      requires: requirementsOf(call.spec as unknown as ForwardSpec, op),
      call,
      run: (subject) => (call.subject === 'apply' ? runApplied(subject, call) : runPlanned(subject, call)),
    };
  });
}
