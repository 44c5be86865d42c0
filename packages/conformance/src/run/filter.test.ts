import { expect, test } from 'vitest';
import { toPredicate } from './filter.ts';

const IDS = [
  'forward/values:dtype=float16,shape=2x4096',
  'forward/values:dtype=float32,shape=2x4096',
  'backend/leaks:of=data',
];

test.each([
  [undefined, [0, 1, 2]],
  ['', [0, 1, 2]],
  ['values', [0, 1]],
  ['forward/values:*float16*', [0]],
  ['*shape=2x4096', [0, 1]],
  ['values*', []],
  ['forward/values:dtype=float16,shape=2x4096', [0]],
  ['a.c', []],
])('filter %j takes %j', (filter, taken) => {
  expect(IDS.filter(toPredicate(filter))).toEqual(taken.map((i) => IDS[i]));
});

test('a predicate is taken as it is', () => {
  expect(IDS.filter(toPredicate((id) => id.startsWith('backend')))).toEqual([IDS[2]]);
});
