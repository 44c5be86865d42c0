import { listCases } from '@rmsnorm/conformance';
import { testBackend } from '@rmsnorm/conformance/vitest';
import { cuda } from '@rmsnorm/cuda';
import { someOfEachFamily, whole } from '../../../.ci/some-cases.ts';

// Whole in .ci/run: an emulated device takes a minute for it.
const some = someOfEachFamily(
  listCases().map(({ id }) => id),
  6,
);

testBackend(cuda({ device: 'emulated' }), whole ? {} : { filter: (id) => some.has(id) });
