import { expect, test } from 'vitest';

test('in a browser', () => {
  expect(navigator.userAgent).toContain('Chrome');
  expect(globalThis.document).toBeDefined();
});
