import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHex } from './hex.ts';

test('decodes what Node encodes, of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(decodeHex(Buffer.from(bytes).toString('hex'))).toEqual(bytes);
    }),
  );
});
