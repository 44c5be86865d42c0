import { expect, test, vi } from 'vitest';
import { warnOfDropped } from './warn-of-dropped.ts';

test('is said where 1 MiB was dropped in all, and once', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  for (let i = 0; i < 3; i++) warnOfDropped('one', 2 ** 18);
  expect(warn).not.toHaveBeenCalled();
  for (let i = 0; i < 9; i++) warnOfDropped('another', 2 ** 18);
  expect(warn.mock.calls).toEqual([[expect.stringContaining("1048576 bytes, the last of backend 'another'")]]);
});

test('where the console throws, it does not', async () => {
  const fresh: typeof import('./warn-of-dropped.ts') = await import(`${'./warn-of-dropped.ts'}?fresh`);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {
    throw new Error('no warnings here');
  });
  warn.mockClear();
  fresh.warnOfDropped('one', 2 ** 20);
  expect(warn).toHaveBeenCalledTimes(1);
});
