import type { Mutant } from './mutants.ts';

/** Which cases have killed, and where: those that kill most come first for the next mutant nearby. */
export class Killers {
  readonly #counts = new Map<string, Map<string, number>>();

  add(mutant: Mutant, id: string): void {
    for (const place of placesOf(mutant)) {
      const counts = this.#counts.get(place) ?? new Map<string, number>();
      counts.set(id, (counts.get(id) ?? 0) + 1);
      this.#counts.set(place, counts);
    }
  }

  /** The most frequent ones of the mutant's function, its file, and its program. */
  of(mutant: Mutant): string[] {
    return placesOf(mutant).flatMap((place) => this.#most(place));
  }

  #most(place: string): string[] {
    const counts = [...(this.#counts.get(place) ?? [])].sort(([, a], [, b]) => b - a);
    return counts.slice(0, NEARBY).map(([id]) => id);
  }
}

const NEARBY = 15;

function placesOf({ program, file, member }: Mutant): string[] {
  return [`${program} ${file} ${member}`, `${program} ${file}`, program];
}
