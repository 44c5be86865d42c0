import { expect, test } from 'vitest';
import { type Assignment, type CoveringProblem, coveringArray, type Factor } from './covering-array.ts';

const FACTORS: readonly Factor[] = [
  { name: 'a', values: ['0', '1', '2'] },
  { name: 'b', values: ['0', '1', '2', '3'], costly: ['3'] },
  { name: 'c', values: ['0', '1'] },
  { name: 'd', values: ['0', '1'] },
];
const PAIRS = FACTORS.flatMap(({ name: a }, i) => FACTORS.slice(i + 1).map(({ name: b }) => [a, b]));
const anything: CoveringProblem['allowed'] = () => true;

/** Every combination of values of these factors. */
function combinations(names: readonly string[]): Assignment[] {
  return names.reduce<Assignment[]>(
    (all, name) =>
      all.flatMap((one) => FACTORS.find((f) => f.name === name)!.values.map((v) => ({ ...one, [name]: v }))),
    [{}],
  );
}

function covers(rows: readonly Assignment[], combination: Assignment): boolean {
  return rows.some((row) => Object.entries(combination).every(([name, value]) => row[name] === value));
}

test('every pair stands in a row, in far fewer rows than there are combinations', () => {
  const rows = coveringArray({ factors: FACTORS, together: PAIRS, allowed: anything });
  for (const pair of PAIRS.flatMap(combinations)) expect(covers(rows, pair), JSON.stringify(pair)).toBe(true);
  expect(rows.length).toBeLessThan(20);
});

test('every triple of the factors that are named', () => {
  const rows = coveringArray({ factors: FACTORS, together: [['a', 'c', 'd']], allowed: anything });
  for (const triple of combinations(['a', 'c', 'd'])) expect(covers(rows, triple)).toBe(true);
  expect(rows.length).toBe(12);
});

test('no row has what is not allowed, and all else is covered', () => {
  const allowed: CoveringProblem['allowed'] = (a, x, b, y) => !([`${a}${x}`, `${b}${y}`].sort().join() === 'a0,c1');
  const rows = coveringArray({ factors: FACTORS, together: PAIRS, allowed });
  expect(covers(rows, { a: '0', c: '1' })).toBe(false);
  const legal = PAIRS.flatMap(combinations).filter((pair) => !(pair.a === '0' && pair.c === '1'));
  for (const pair of legal) expect(covers(rows, pair), JSON.stringify(pair)).toBe(true);
});

test('the same problem gives the same rows; rows that are given count', () => {
  const problem = { factors: FACTORS, together: PAIRS, allowed: anything };
  const rows = coveringArray(problem);
  expect(coveringArray(problem)).toEqual(rows);
  expect(coveringArray({ ...problem, given: rows })).toEqual([]);
  expect(coveringArray({ ...problem, given: rows.slice(1) }).length).toBeGreaterThan(0);
});

test('costly values stand in no more rows than they must', () => {
  const rows = coveringArray({ factors: FACTORS, together: PAIRS, allowed: anything });
  expect(rows.filter(({ b }) => b === '3').length).toBe(3);
});

test('rules that contradict each other are an error', () => {
  const never: CoveringProblem['allowed'] = (_a, _x, b) => b !== 'c' && _a !== 'c';
  expect(() => coveringArray({ factors: FACTORS, together: [['a', 'b']], allowed: never })).toThrow('no value of c');
});
