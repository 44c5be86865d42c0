import { expect, test } from 'vitest';
import { missingAddition } from './addition.ts';

test('a package that is there is not missing', () => {
  expect(missingAddition('commander')).toBeNull();
});

test('of one that is not, the line to type is said', () => {
  expect(missingAddition('no-such-package')).toEqual({
    ok: false,
    code: 'MODULE_NOT_FOUND',
    reason: 'the npm package no-such-package is not installed',
    hint: expect.stringContaining('npx --package @rmsnorm/cli --package no-such-package rmsnorm'),
  });
});
