import { expect, it } from 'vitest';
import { fastest } from './fastest.ts';

it('takes the way that is faster, one slow try notwithstanding', async () => {
  let ms = 0;
  let calls = 0;
  const slow = (): void => {
    ms += 2;
  };
  const fast = async (): Promise<void> => {
    ms += calls++ === 3 ? 100 : 1;
  };
  expect(await fastest([slow, fast], () => ms)).toBe(fast);
  expect(await fastest([fast, slow], () => ms)).toBe(fast);
});
