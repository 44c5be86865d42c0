import { expect, test } from 'vitest';
import { describeAddon, withBackend } from './native.ts';

const refused = expect.objectContaining({ code: 'INVALID_OPTION' });

describeAddon('events', (native) => {
  test('measure, each once', () =>
    withBackend(native, {}, ({ stream }) => {
      const [from, to] = [native.recordEvent(stream, 0, 'sm_90'), native.recordEvent(stream, 0, 'sm_90')];
      expect(() => native.elapsed(from, from)).toThrow(refused);
      expect(native.elapsed(from, to)).toBeGreaterThanOrEqual(0);
      expect(() => native.elapsed(from, to)).toThrow(refused);
    }));

  test('that were not recorded, or by another device, are refused', async () => {
    for (const never of [0n, 8n, 2n ** 63n]) expect(() => native.elapsed(never, never + 1n)).toThrow(refused);
    await withBackend(native, {}, (one) =>
      withBackend(native, { emulated: 'sm_80' }, (other) => {
        const from = native.recordEvent(one.stream, 0, 'sm_90');
        const to = native.recordEvent(other.stream, 0, 'sm_80');
        expect(() => native.elapsed(from, to)).toThrow(refused);
        expect(() => native.recordEvent(one.stream, 2 ** 31, 'sm_90')).toThrow(refused);
      }),
    );
  });
});
