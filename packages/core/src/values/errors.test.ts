import { expect, test } from 'vitest';
import { ERROR_CODES, isRMSNormError, RMSNormError } from './errors.ts';

test.each(ERROR_CODES)('%s begins the text of its error', (code) => {
  const error = new RMSNormError(code, 'what, and the way out', { cause: 1 });
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe(`RMSNORM_${code}: what, and the way out`);
  expect(error.code).toBe(code);
  expect(error.cause).toBe(1);
});

test('the longest text that there can be is cut before it grows', () => {
  const longest = 'x'.repeat(2 ** 29 - 24);
  for (const error of [new RMSNormError('SHAPE', longest), new RMSNormError(longest as 'SHAPE', 'short')]) {
    expect(error.message.length).toBeLessThanOrEqual(8000);
  }
});

test('an error of another copy of core is one too, others are not', async () => {
  const copy: typeof import('./errors.ts') = await import(`${'./errors.ts'}?copy`);
  const error = new copy.RMSNormError('SHAPE', 'x');
  expect(error).not.toBeInstanceOf(RMSNormError);
  expect(isRMSNormError(error)).toBe(true);
  expect(isRMSNormError(error, 'SHAPE')).toBe(true);
  expect(isRMSNormError(error, 'DTYPE')).toBe(false);
  for (const other of [new Error('RMSNORM_SHAPE: x'), null, undefined, 'SHAPE', { code: 'SHAPE' }]) {
    expect(isRMSNormError(other)).toBe(false);
  }
});
