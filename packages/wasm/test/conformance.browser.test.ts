import { listCases } from '@rmsnorm/conformance';
import { testBackend } from '@rmsnorm/conformance/vitest';
import { wasm } from '@rmsnorm/wasm';
import { someOfEachFamily, whole } from '../../../.ci/some-cases.ts';

// Node runs the whole suite on the same module; another engine compiles it here.
const some = someOfEachFamily(
  listCases().map(({ id }) => id),
  8,
);

testBackend(wasm(), whole ? {} : { filter: (id) => some.has(id) });
