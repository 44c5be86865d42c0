import { type BackendProvider, reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { PlainDriver } from '../../test/self-test/plain-driver.ts';
import { providerOf } from '../../test/self-test/provider.ts';
import { assertConformance } from './assert-conformance.ts';

const filter = 'forward/axis:';

class Zeros extends PlainDriver {
  override forward(): void {}
}

test('a backend that passes: its report', async () => {
  expect(await assertConformance(reference(), { filter })).toMatchObject({ failed: 0, passed: 24 });
});

test('one that fails: an error with the first failures and the counts', async () => {
  const failing = assertConformance(
    providerOf(() => new Zeros()),
    { filter },
  );
  const message = await failing.then(String, (error: Error) => error.message);
  expect(message).toMatch(
    /^the backend does not conform\nthe first 20 failures of 24:\nFAIL {2}forward\/axis:dim=7,axis=0,shape=7\n/,
  );
  expect(message.match(/^FAIL /gm)).toHaveLength(20);
  expect(message).toMatch(/0 passed, 24 failed, 0 skipped/);
});

test('one that is not here, or whose probe throws', async () => {
  const absent: BackendProvider = {
    ...reference(),
    probe: async () => ({ ok: false, code: 'NO_DEVICE', reason: 'there is none', hint: 'plug one in' }),
  };
  await expect(assertConformance(absent)).rejects.toThrow(
    "backend 'reference' is not available: NO_DEVICE: there is none (plug one in)",
  );
  const throwing: BackendProvider = { ...reference(), probe: () => Promise.reject(new Error('oh')) };
  await expect(assertConformance(throwing)).rejects.toThrow('probe() never throws, but it threw Error: oh');
});
