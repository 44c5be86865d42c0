import { testBackend } from '@rmsnorm/conformance/vitest';
import { webgpu } from '@rmsnorm/webgpu';
import { expect, test } from 'vitest';
import { whole } from '../../../.ci/some-cases.ts';

// As in a browser without subgroups, on a few cases of each family of kernels: the whole suite runs with them.
testBackend(webgpu({ subgroups: false }), {
  filter: (id) => /\/(traps|two-steps|many-rows|statistics|rows)\b/.test(id),
});

test('a page is told that all cases run', () => {
  expect(whole).toBe(true);
});
