/** One thing that a call may have in several ways. */
export interface Factor {
  readonly name: string;
  readonly values: readonly string[];
  /** Values that cost much: taken only where that covers something new. */
  readonly costly?: readonly string[];
}

/** One value of each factor. */
export type Assignment = Readonly<Record<string, string>>;

/** What is to be covered. */
export interface CoveringProblem {
  readonly factors: readonly Factor[];
  /** Sets of factors, by their names: every combination of their values that is allowed stands in a row. */
  readonly together: readonly (readonly string[])[];
  /** Whether two values, of factors `a` and `b`, can stand in one row. */
  readonly allowed: (a: string, valueOfA: string, b: string, valueOfB: string) => boolean;
  /** Rows that are there already. */
  readonly given?: readonly Assignment[];
}

/** A set of factors, and which combinations of their values no row has yet. */
interface Interaction {
  readonly factors: readonly number[];
  readonly open: Uint8Array;
}

const UNSET = -1;

/**
 * Rows that cover every combination of `together`, far fewer than all combinations of all factors. Greedy, as AETG
 * (D. Cohen and others, 1997), but without chance: the same problem gives the same rows. Each row begins with the first
 * combination that is open; then every other factor, those of most values first, takes the value that covers most.
 */
export function coveringArray({ factors, together, allowed, given = [] }: CoveringProblem): Assignment[] {
  const table = compatibility(factors, allowed);
  const indexOf = (name: string): number => factors.findIndex((factor) => factor.name === name);
  const interactions = together.map((names) => interactionOf(names.map(indexOf), factors, table));
  const search = new Search(factors, interactions, table);
  for (const row of given) search.cover(factors.map(({ name, values }) => values.indexOf(row[name]!)));
  const rows: Assignment[] = [];
  for (const interaction of interactions) {
    for (let next = interaction.open.indexOf(1); next >= 0; next = interaction.open.indexOf(1, next)) {
      const row = search.rowFrom(interaction, next);
      rows.push(Object.fromEntries(factors.map(({ name, values }, i) => [name, values[row[i]!]!])));
    }
  }
  return rows;
}

/** allowed[factor a][value][factor b][value]. */
type Compatibility = readonly (readonly (readonly (readonly boolean[])[])[])[];

function compatibility(factors: readonly Factor[], allowed: CoveringProblem['allowed']): Compatibility {
  return factors.map((a) =>
    a.values.map((x) => factors.map((b) => b.values.map((y) => (a === b ? x === y : allowed(a.name, x, b.name, y))))),
  );
}

function interactionOf(indices: readonly number[], factors: readonly Factor[], table: Compatibility): Interaction {
  const count = indices.reduce((product, index) => product * factors[index]!.values.length, 1);
  const interaction = { factors: indices, open: new Uint8Array(count) };
  for (let combination = 0; combination < count; combination++) {
    const values = valuesOf(interaction, combination, factors);
    const fits = indices.every((a, i) => indices.every((b, j) => i >= j || table[a]![values[i]!]![b]![values[j]!]!));
    interaction.open[combination] = fits ? 1 : 0;
  }
  return interaction;
}

/** The values, in the order of the interaction's factors, that a combination stands for. */
function valuesOf({ factors: indices }: Interaction, combination: number, factors: readonly Factor[]): number[] {
  const values: number[] = [];
  let rest = combination;
  for (const index of indices) {
    const { length } = factors[index]!.values;
    values.push(rest % length);
    rest = Math.floor(rest / length);
  }
  return values;
}

/** The rows under construction, by the indices of their values. */
class Search {
  readonly #factors: readonly Factor[];
  readonly #interactions: readonly Interaction[];
  readonly #table: Compatibility;
  /** Which interactions a factor is part of. */
  readonly #of: readonly (readonly Interaction[])[];
  /** In which order factors are set: those of most values first. */
  readonly #order: readonly number[];
  readonly #costly: readonly (readonly boolean[])[];
  readonly #used: readonly number[][];

  constructor(factors: readonly Factor[], interactions: readonly Interaction[], table: Compatibility) {
    this.#factors = factors;
    this.#interactions = interactions;
    this.#table = table;
    this.#of = factors.map((_, i) => interactions.filter((interaction) => interaction.factors.includes(i)));
    this.#order = factors.map((_, i) => i).sort((a, b) => factors[b]!.values.length - factors[a]!.values.length);
    this.#costly = factors.map(({ values, costly = [] }) => values.map((value) => costly.includes(value)));
    this.#used = factors.map(({ values }) => values.map(() => 0));
  }

  /** A row with this combination. @throws Error where the rules leave no such row: a rule is missing that says so */
  rowFrom(interaction: Interaction, combination: number): readonly number[] {
    const row = this.#factors.map(() => UNSET);
    const values = valuesOf(interaction, combination, this.#factors);
    for (const [i, factor] of interaction.factors.entries()) row[factor] = values[i]!;
    for (const factor of this.#order) if (row[factor] === UNSET) row[factor] = this.#best(row, factor);
    this.cover(row);
    return row;
  }

  cover(row: readonly number[]): void {
    for (const interaction of this.#interactions) interaction.open[this.#combination(interaction, row)] = 0;
    for (const [factor, value] of row.entries()) this.#used[factor]![value]!++;
  }

  /** The value that covers most, of those the least used, a costly one only where it covers more than any other. */
  #best(row: number[], factor: number): number {
    let best = UNSET;
    let bestGain = -1;
    const { values, name } = this.#factors[factor]!;
    for (let value = 0; value < values.length; value++) {
      if (!this.#fits(row, factor, value)) continue;
      row[factor] = value;
      const gain = this.#gain(row, factor);
      row[factor] = UNSET;
      const preferred = best === UNSET || gain > bestGain || (gain === bestGain && this.#before(factor, value, best));
      if (preferred) [best, bestGain] = [value, gain];
    }
    if (best === UNSET) throw new Error(`the plan's rules leave no value of ${name} beside ${this.#shown(row)}`);
    return best;
  }

  #fits(row: readonly number[], factor: number, value: number): boolean {
    const fitting = this.#table[factor]![value]!;
    return row.every((other, index) => other === UNSET || fitting[index]![other]!);
  }

  #before(factor: number, value: number, other: number): boolean {
    const costly = this.#costly[factor]!;
    if (costly[value] !== costly[other]) return !costly[value];
    return this.#used[factor]![value]! < this.#used[factor]![other]!;
  }

  /** How many open combinations the row has since this factor is set. */
  #gain(row: readonly number[], factor: number): number {
    let gain = 0;
    for (const interaction of this.#of[factor]!) {
      const combination = this.#combination(interaction, row);
      if (combination >= 0) gain += interaction.open[combination]!;
    }
    return gain;
  }

  /** Which combination of the interaction's factors a row has; negative where one is not set. */
  #combination({ factors: indices }: Interaction, row: readonly number[]): number {
    let combination = 0;
    for (let i = indices.length - 1; i >= 0; i--) {
      const value = row[indices[i]!]!;
      if (value === UNSET) return UNSET;
      combination = combination * this.#factors[indices[i]!]!.values.length + value;
    }
    return combination;
  }

  #shown(row: readonly number[]): string {
    const set = this.#factors.flatMap(({ name, values }, i) =>
      row[i] === UNSET ? [] : [`${name}=${values[row[i]!]}`],
    );
    return set.join(', ');
  }
}
