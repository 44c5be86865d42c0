import fc from 'fast-check';
import { expect, test } from 'vitest';
// @ts-expect-error: a build script, without types
import { encodeText } from '../scripts/encode-text.mjs';
import { decodeText } from './decode-text.ts';

test('decodes what the build encodes: any bytes, of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
      const text = encodeText(bytes);
      expect(text).toMatch(/^[ -~]*$/);
      expect(text).not.toMatch(/['\\]/);
      expect(decodeText(text)).toEqual(bytes);
    }),
  );
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(decodeText(encodeText(all))).toEqual(all);
});
