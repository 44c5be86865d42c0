import { OPS } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import type { Case } from '../case/case.ts';
import { DEPTHS } from '../case/depth.ts';
import { listCases } from '../cases/list.ts';
import { normal } from '../inputs/distributions.ts';
import { FORWARD } from '../operations/forward.ts';
import { GATED_FORWARD } from '../operations/gated-forward.ts';
import { operationCase } from '../operations/run-call.ts';
import { coverageBy, factsOfAll } from './coverage.ts';
import { factsOf } from './facts.ts';
import { formatCoverage } from './format-coverage.ts';
import { planEntries } from './plan.ts';
import { RULES, reasonAgainst } from './rules.ts';
import { SUBJECTS } from './subjects.ts';

const SEED = 1;

test('every operation has a table', () => {
  expect(new Set(SUBJECTS.map(({ op }) => op))).toEqual(new Set(OPS));
});

describe('what the cases cover', () => {
  const cases = listCases();
  const known = factsOfAll(cases);
  const coverage = coverageBy(known, cases);

  test('every cell of the table has a case, or a reason why it has none', () => {
    expect(coverage.missing).toEqual([]);
    expect(coverage.subjects.map(({ name }) => name)).toEqual(SUBJECTS.map(({ name }) => name));
    for (const { pairs, triples, name } of coverage.subjects) {
      expect(pairs.length, name).toBeGreaterThan(400);
      expect(triples.length > 1000 || name === 'sumSquares', name).toBe(true);
    }
  });

  test('no case covers what a rule says cannot be', () => {
    // Rules that say what the plan leaves out, not what is impossible, may be covered by older cases.
    const impossible = ['without gamma weightOffset must be 0', "'clamp' needs partial = 1"];
    expect(RULES.filter(({ reason }) => impossible.includes(reason)).length).toBe(impossible.length);
    for (const { name, pairs } of coverage.subjects) {
      const covered = pairs.filter((cell) => cell.cases > 0);
      for (const { values } of covered) {
        const [[a, x], [b, y]] = Object.entries(values) as [[string, string], [string, string]];
        expect(impossible).not.toContain(reasonAgainst(name, a, x, b, y));
      }
    }
  });

  test('without the calls of one operation its cells are missing', () => {
    const fewer = cases.filter(({ id }) => !id.startsWith('scaleBy/plan'));
    const without = coverageBy(known, fewer);
    const { missing } = without;
    expect(missing.length).toBeGreaterThan(100);
    expect(new Set(missing.map(({ subject }) => subject))).toEqual(new Set(['scaleBy']));
    expect(formatCoverage(without, 'default')).toMatch(/\d+ cells have neither a case nor a reason:\n {2}scaleBy: /);
  });

  test('a backend covers what it declares, and the rest has that for a reason', () => {
    const supports = {
      ops: ['forward' as const],
      dtypes: ['float32' as const],
      accuracy: 'ieee' as const,
      features: [],
      promises: [],
    };
    const declared = coverageBy(known, cases, supports);
    expect(declared.missing).toEqual([]);
    const forward = declared.subjects.find(({ name }) => name === 'forward')!;
    const cell = forward.pairs.find(({ values }) => values.dtype === 'float16' && values.layout === 'rows')!;
    expect(cell).toMatchObject({ cases: 0, reason: 'the backend does not declare it' });
  });
});

describe('facts are those of the data', () => {
  const facts = (entry: Case): Readonly<Record<string, readonly string[]>> => factsOf(entry, SEED)!.values;

  test('of shape and options', () => {
    const spec = {
      shape: [2, 12, 5],
      options: { dim: 12, groups: 3, epsMode: 'clamp', eps: 1e-12, scale: 3, casting: 'llama' },
      dtype: 'float16',
      beta: true,
      rstd: true,
    } as const;
    expect(facts(operationCase('a', FORWARD, spec))).toEqual({
      dtype: ['float16'],
      layout: ['grouped-columns'],
      size: ['to-5'],
      rows: ['ordinary'],
      denominator: ['clamp,eps=1e-12'],
      scale: ['3'],
      partial: ['1'],
      gamma: ['given'],
      beta: ['given'],
      offset: ['0'],
      casting: ['llama'],
      place: ['fresh'],
      asked: ['rstd'],
    });
  });

  test('settings that the table does not list cover nothing', () => {
    const spec = { shape: [3, 100], options: { dim: 100, axis: -1, eps: 0.125, scale: 7, partial: 0.3 } } as const;
    const { size, denominator, scale, partial } = facts(operationCase('a', FORWARD, spec));
    expect([size, denominator, scale, partial]).toEqual([[], [], [], []]);
  });

  test.for([
    ['large', normal(1e25)],
    ['small', normal(1e-25)],
    ['zeros', normal(0)],
    ['nan', normal(Number.NaN)],
    ['ordinary', normal(1)],
  ] as const)('rows are %s by their numbers', ([kind, x]) => {
    const spec = { shape: [3, 41], options: { dim: 41, axis: -1 }, x };
    expect(facts(operationCase('a', FORWARD, spec)).rows).toEqual([kind]);
  });

  test('of what is normalized, which in gatedForward may be x * silu(gate)', () => {
    const spec = { shape: [3, 41], x: normal(1e14), gate: () => new Float64Array(123).fill(1e14) };
    const rows = (normBeforeGate: boolean): readonly string[] | undefined =>
      facts(operationCase('a', GATED_FORWARD, { ...spec, options: { dim: 41, axis: -1, normBeforeGate } })).rows;
    expect(rows(false)).toEqual(['large']);
    expect(rows(true)).toEqual(['ordinary']);
  });

  test('a case that the plan makes covers the row that it was made from', () => {
    const cases = new Map(listCases('/plan:', 'default').map((entry) => [entry.id, entry]));
    const entries = planEntries('default').filter((_, i) => i % 29 === 0);
    expect(entries.length).toBeGreaterThan(30);
    for (const { id, row } of entries) {
      const found = facts(cases.get(id)!);
      for (const [factor, value] of Object.entries(row)) {
        if (factor === 'rows') expect(found[factor]!.length, id).toBeGreaterThan(0);
        else expect(found[factor], `${factor} of ${id}`).toEqual([value]);
      }
    }
  });
});

describe('depths', () => {
  const [quick, usual, thorough] = DEPTHS.map((depth) => listCases(undefined, depth).map(({ id }) => id)) as [
    string[],
    string[],
    string[],
  ];

  test('each has the cases of the one before, and more', () => {
    const missing = (some: readonly string[], all: readonly string[]): string[] => {
      const known = new Set(all);
      return some.filter((id) => !known.has(id));
    };
    expect(missing(quick, usual)).toEqual([]);
    expect(missing(usual, thorough)).toEqual([]);
    expect(quick.length).toBeLessThan(usual.length / 5);
    expect(thorough.length).toBeGreaterThan(1.5 * usual.length);
  });

  test('a quick run has cases of every family', () => {
    const families = (ids: readonly string[]): Set<string> => new Set(ids.map((id) => id.slice(0, id.indexOf(':'))));
    expect(families(quick)).toEqual(families(usual));
  });

  test('ids are unique at every depth', () => {
    expect(new Set(thorough).size).toBe(thorough.length);
  });
});
