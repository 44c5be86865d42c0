import { readFileSync } from 'node:fs';
import type { Mutant } from './mutants.ts';

/** Mutants that no case can kill, each with its reason. */
export interface Survivors {
  /** By a short name. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Program → mutant → name of its reason. */
  readonly survivors: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function readSurvivors(): Survivors {
  return JSON.parse(readFileSync(new URL('survivors.json', import.meta.url), 'utf8')) as Survivors;
}

/** Cases by how many mutants they killed, from the last whole run: a few mutants are run with these first. */
export function readKillers(): readonly string[] {
  return JSON.parse(readFileSync(new URL('killers.json', import.meta.url), 'utf8')) as string[];
}

export function isListed({ survivors }: Survivors, { program, id }: Mutant): boolean {
  return survivors[program]?.[id] !== undefined;
}

/** Entries whose mutant there is no more, or whose reason is not given. */
export function staleEntries({ reasons, survivors }: Survivors, mutants: readonly Mutant[]): string[] {
  const known = new Set(mutants.map(({ program, id }) => `${program} ${id}`));
  return Object.entries(survivors).flatMap(([program, entries]) =>
    Object.entries(entries).flatMap(([id, reason]) => {
      if (!known.has(`${program} ${id}`)) return [`${program} ${id}: there is no such mutant`];
      return reasons[reason] === undefined ? [`${program} ${id}: there is no reason '${reason}'`] : [];
    }),
  );
}
