import { expect, test } from 'vitest';
import { packedManifest } from './packed-manifest.mjs';

const manifest = {
  name: '@rmsnorm/cli',
  version: '0.2.0',
  scripts: { build: 'tsc' },
  dependencies: { '@rmsnorm/core': '^0.2.0', commander: '^14.0.0' },
  peerDependencies: { '@rmsnorm/cuda': '>=0.0.0' },
  devDependencies: { '@rmsnorm/onnx-model': '^0.2.0' },
};

test('leaves out what serves the workspace alone', () => {
  const { scripts: _scripts, devDependencies: _dev, ...rest } = manifest;
  expect(packedManifest(manifest, undefined)).toEqual(rest);
  expect(packedManifest(manifest, 'abc')).toEqual({ ...rest, gitHead: 'abc' });
});

test('a canary takes those of its own commit alone', () => {
  const { dependencies, peerDependencies } = packedManifest({ ...manifest, version: '0.0.0-canary-abc' }, 'abc');
  expect(dependencies).toEqual({ '@rmsnorm/core': '0.0.0-canary-abc', commander: '^14.0.0' });
  expect(peerDependencies).toEqual({ '@rmsnorm/cuda': '0.0.0-canary-abc' });
});
