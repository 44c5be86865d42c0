import { listCases } from '@rmsnorm/conformance';
import { testBackend } from '@rmsnorm/conformance/vitest';
import { webgpu } from '@rmsnorm/webgpu';
import { someOfEachFamily, whole } from '../../../.ci/some-cases.ts';
import { isCovering } from './covering/covering.ts';
import { TIMEOUT } from './halves.ts';

// Node runs the whole suite, on the same shaders and the same SwiftShader. Here: that a page's WebGPU is the same to us,
// and in .ci/run that Chromium's compiler is, on each kind of shader.
const some = someOfEachFamily(
  listCases().map(({ id }) => id),
  1,
);

testBackend(webgpu(), { filter: (id) => (whole ? isCovering(id) : some.has(id)), timeout: TIMEOUT });
