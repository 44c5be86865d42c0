import { expect, test } from 'vitest';
import { isAtLeast } from './libc.ts';

test.each<[string, string, boolean]>([
  ['2.34', '2.34', true],
  ['2.36', '2.34', true],
  ['2.4', '2.34', false],
  ['2.31', '2.34', false],
  ['3.0', '2.34', true],
  ['3', '2.34', true],
  ['2', '2.34', false],
  ['2.34.1', '2.34', true],
])('%s is at least %s: %s', (version, least, expected) => {
  expect(isAtLeast(version, least)).toBe(expected);
});
