import type { Outcome, WorkloadResult } from '../results.ts';

/** The lines under the table of a family: what its cells do not say. */
export function notesOf(family: readonly WorkloadResult[]): string[] {
  return [...candidateNotes(family), ...busyNotes(family)];
}

/**
 * Candidates that did not run, were wrong, or had fewer turns. Each note stands once, with the sizes that it holds for.
 */
function candidateNotes(family: readonly WorkloadResult[]): string[] {
  const sizes = new Map<string, string[]>();
  for (const { shape, outcomes, rounds } of family) {
    for (const note of outcomes.flatMap((outcome) => notesOn(outcome, rounds))) {
      sizes.set(note, [...(sizes.get(note) ?? []), shape]);
    }
  }
  return [...sizes].map(([note, shapes]) =>
    shapes.length === family.length ? note : `${note} (${shapes.join(', ')})`,
  );
}

function notesOn(outcome: Outcome, rounds: number): string[] {
  const { name } = outcome;
  if (outcome.status === 'unable') return [`${name} did not run: ${outcome.reason}`];
  const { mistake, turns, nanoseconds } = outcome;
  return [
    ...(mistake === null ? [] : [`${name}: ${mistake}`]),
    ...(turns < rounds
      ? [`${name} had ${turns} of ${rounds} turns: a run takes ${Math.round(nanoseconds.median / 1e6)} ms`]
      : []),
  ];
}

/** With less of a core than this, the figures show other work of the machine too. */
const QUIET_SHARE = 0.95;

function busyNotes(family: readonly WorkloadResult[]): string[] {
  const shares = family.flatMap(({ shape, cpuShare }) =>
    cpuShare !== null && cpuShare < QUIET_SHARE ? [`${shape} ${Math.round(cpuShare * 100)} %`] : [],
  );
  if (shares.length === 0) return [];
  return [`the machine was busy, do not quote: this process had only so much of a core: ${shares.join(', ')}`];
}
