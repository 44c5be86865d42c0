import { FLOAT_DTYPES, type Guarantee, type Supports } from '@rmsnorm/core';
import type { Case } from '../case/case.ts';
import { undeclared } from '../case/supported.ts';
import { DEFAULT_SEED } from '../run/run.ts';
import { type Facts, factsOf } from './facts.ts';
import { coveredGrids, GRID_NAMES } from './grids.ts';
import { reasonAgainst } from './rules.ts';
import { SIZE_CLASSES } from './size-classes.ts';
import { optionFactorsOf, type PlanSubject, SUBJECTS } from './subjects.ts';

/** Values of some factors that may stand together, and how many cases have them. */
export interface Cell {
  readonly values: Readonly<Record<string, string>>;
  readonly cases: number;
  /** Why there is no case; absent where there are some, and where one is missing. */
  readonly reason?: string;
}

export interface SubjectCoverage {
  readonly name: string;
  /** How many cases make a call of it. */
  readonly cases: number;
  /** The factors of its table. */
  readonly factors: readonly string[];
  readonly lacks: Readonly<Record<string, string>>;
  /** Every two values of two factors. */
  readonly pairs: readonly Cell[];
  /** Every three settings of options, with each dtype. */
  readonly triples: readonly Cell[];
  /** Every size, every grid of more than 65,535, and every promise in each dtype. */
  readonly singles: readonly Cell[];
}

/** What the cases cover, from their own data. */
export interface Coverage {
  readonly cases: number;
  readonly subjects: readonly SubjectCoverage[];
  /** Cells that no case covers, and no reason says why. */
  readonly missing: readonly (Cell & { readonly subject: string })[];
}

/** What `cases` cover; where `supports` is given, those of them that apply to such a backend. Draws all their numbers. */
export function coverageOf(cases: readonly Case[], supports?: Supports): Coverage {
  return coverageBy(factsOfAll(cases), cases, supports);
}

/** What is known of each case that makes a call. */
export function factsOfAll(cases: readonly Case[]): ReadonlyMap<Case, Facts> {
  const facts = new Map<Case, Facts>();
  for (const entry of cases) {
    const found = factsOf(entry, DEFAULT_SEED);
    if (found) facts.set(entry, found);
  }
  return facts;
}

/** As {@link coverageOf}, by facts that are known. */
export function coverageBy(facts: ReadonlyMap<Case, Facts>, cases: readonly Case[], supports?: Supports): Coverage {
  const applying = supports && cases.filter(({ requires }) => undeclared(supports, requires).length === 0);
  const subjects = SUBJECTS.map((subject) => {
    const all = subjectCoverage(subject, cases, facts);
    return applying ? declaredOnly(all, subjectCoverage(subject, applying, facts)) : all;
  });
  const missing = subjects.flatMap(({ name, pairs, triples, singles }) =>
    [...pairs, ...triples, ...singles]
      .filter((cell) => cell.cases === 0 && cell.reason === undefined)
      .map((cell) => ({ ...cell, subject: name })),
  );
  return { cases: cases.length, subjects, missing };
}

function subjectCoverage(
  subject: PlanSubject,
  cases: readonly Case[],
  factsOfCases: ReadonlyMap<Case, Facts>,
): SubjectCoverage {
  const facts = cases.flatMap((entry) => {
    const found = factsOfCases.get(entry);
    return found?.subject === subject ? [found] : [];
  });
  const names = subject.factors.map(({ name }) => name);
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
  const options = optionFactorsOf(subject);
  const triples = options.flatMap((a, i) =>
    options.slice(i + 1).flatMap((b, j) => options.slice(i + j + 2).map((c) => ['dtype', a, b, c])),
  );
  return {
    name: subject.name,
    cases: facts.length,
    factors: names,
    lacks: subject.lacks,
    pairs: pairs.flatMap((set) => cellsOf(subject, set, facts)),
    triples: triples.flatMap((set) => cellsOf(subject, set, facts)),
    singles: [...singlesOf(subject, facts), ...promisesOf(subject, cases)],
  };
}

/** A cell for each combination of values of these factors. */
function cellsOf(subject: PlanSubject, names: readonly string[], facts: readonly Facts[]): Cell[] {
  const counts = new Map<string, number>();
  for (const { values } of facts) {
    for (const combination of combinationsOf(names.map((name) => values[name]!))) {
      const key = combination.join('|');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return combinationsOf(names.map((name) => valuesOf(subject, name))).map((combination) => {
    const cases = counts.get(combination.join('|')) ?? 0;
    const values = Object.fromEntries(names.map((name, i) => [name, combination[i]!]));
    const reason = cases > 0 ? undefined : reasonFor(subject, values);
    return { values, cases, ...(reason !== undefined && { reason }) };
  });
}

/** The values of a factor as facts tell them: ordinary rows are told by their numbers, whatever they were drawn from. */
function valuesOf({ factors }: PlanSubject, name: string): readonly string[] {
  const { values } = factors.find((factor) => factor.name === name)!;
  if (name !== 'rows') return values;
  return ['ordinary', ...values.filter((value) => value !== 'normal' && value !== 'heavy')];
}

function combinationsOf(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((all, list) => all.flatMap((one) => list.map((value) => [...one, value])), [[]]);
}

function reasonFor({ name }: PlanSubject, values: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(values);
  for (const [i, [a, x]] of entries.entries()) {
    for (const [b, y] of entries.slice(i + 1)) {
      const reason = reasonAgainst(name, a, x, b, y);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

function singlesOf({ name }: PlanSubject, facts: readonly Facts[]): Cell[] {
  const sizes = SIZE_CLASSES.flatMap((entry) => entry.sizes);
  const bySize = sizes.map((size): Cell => {
    const cases = facts.filter(({ normalization }) => normalization.size === size).length;
    return { values: { size: String(size) }, cases };
  });
  const grids = facts.flatMap(({ normalization }) => coveredGrids(normalization));
  const byGrid = GRID_NAMES.map((grid): Cell => {
    const cases = grids.filter((covered) => covered === grid).length;
    const isApply = cases === 0 && name === 'apply';
    return { values: { grid }, cases, ...(isApply && { reason: 'its kernels are those of forward' }) };
  });
  return [...bySize, ...byGrid];
}

const PROMISES: readonly Guarantee[] = ['extremes', 'nonFinite', 'subnormals', 'invariance'];

/** Promises by what cases require: that is what skips them where a backend does not promise it. */
function promisesOf({ name, op }: PlanSubject, cases: readonly Case[]): Cell[] {
  const own = cases.filter(({ requires, call }) => (call ? call.subject === name : requires.op === op && name === op));
  return PROMISES.flatMap((promise) =>
    FLOAT_DTYPES.map((dtype): Cell => {
      const holding = own.filter(
        ({ requires }) => requires.promises?.includes(promise) && requires.dtypes?.includes(dtype),
      );
      const reason = holding.length > 0 ? undefined : reasonAgainst(name, 'promise', promise, 'dtype', dtype);
      return { values: { promise, dtype }, cases: holding.length, ...(reason !== undefined && { reason }) };
    }),
  );
}

/** The coverage by cases that apply to a backend; what only others cover is empty for the reason that it says. */
function declaredOnly(all: SubjectCoverage, applying: SubjectCoverage): SubjectCoverage {
  const explained = (cells: readonly Cell[], of: readonly Cell[]): Cell[] =>
    cells.map((cell, i) =>
      cell.cases === 0 && of[i]!.cases > 0 ? { ...cell, reason: 'the backend does not declare it' } : cell,
    );
  return {
    ...applying,
    pairs: explained(applying.pairs, all.pairs),
    triples: explained(applying.triples, all.triples),
    singles: explained(applying.singles, all.singles),
  };
}
