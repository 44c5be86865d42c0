import { expect, test } from 'vitest';
import { type Host, loadNative, thisHost } from './load-native.ts';

const fails = (code: string, message: string) => (): never => {
  throw Object.assign(new Error(message), { code });
};

const native = { fields: [] };

const HOST: Host = {
  platform: 'linux',
  arch: 'x64',
  glibc: () => '2.36',
  resolve: () => '/leaf/rmsnorm-cuda.node',
  load: () => native,
};

test('loads the addon', () => {
  expect(loadNative(HOST)).toBe(native);
});

const notInstalled = fails(
  'MODULE_NOT_FOUND',
  "Cannot find module '@rmsnorm/cuda-linux-x64-gnu/rmsnorm-cuda.node'\nRequire stack: ...",
);
const notBuilt = fails('MODULE_NOT_FOUND', "Cannot find module '/leaf/dist/rmsnorm-cuda.node'");

test.each<[string, Partial<Host>, RegExp, RegExp]>([
  ['another system', { platform: 'darwin', arch: 'arm64' }, /linux-x64, not for darwin-arm64/, /@rmsnorm\/webgpu/],
  ['another processor', { arch: 'arm64' }, /not for linux-arm64/, /@rmsnorm\/webgpu/],
  ['no package', { resolve: notInstalled }, /not installed \(Cannot find module '[^']+'\)$/, /npm install @rmsnorm/],
  ['musl', { resolve: notInstalled, glibc: () => null }, /glibc 2\.34.*musl/, /bookworm/],
  [
    'musl, the package by force',
    { load: fails('ERR_DLOPEN_FAILED', 'ld-linux-x86-64.so.2: no such file'), glibc: () => null },
    /musl/,
    /bookworm/,
  ],
  ['an older glibc', { load: fails('ERR_DLOPEN_FAILED', 'x'), glibc: () => '2.31' }, /2\.34.*has 2\.31/, /Debian 12/],
  ['a glibc that cannot be told', { resolve: notInstalled, glibc: fails('X', 'no report') }, /not installed/, /npm/],
  [
    'a clone that is not built',
    { resolve: notBuilt },
    /was not built \(Cannot find module '[^']+'\)$/,
    /pnpm build.*nvcc/,
  ],
  [
    'an old C++ library',
    { load: fails('ERR_DLOPEN_FAILED', "version `GLIBCXX_3.4.29' not found") },
    /GLIBCXX_3\.4\.29/,
    /libstdc\+\+6/,
  ],
  ['a damaged file', { load: fails('ERR_DLOPEN_FAILED', 'file too short') }, /did not load \(file too short\)/, /ldd/],
  [
    'what throws no Error',
    {
      load: () => {
        throw null;
      },
    },
    /did not load \(null\)/,
    /npm install/,
  ],
])('says NO_BINARY with %s', (_what, parts, reason, hint) => {
  expect(loadNative({ ...HOST, ...parts })).toEqual({
    code: 'NO_BINARY',
    reason: expect.stringMatching(reason),
    hint: expect.stringMatching(hint),
  });
});

test('says WRONG_RUNTIME where there are no modules of Node', () => {
  expect(loadNative(null)).toMatchObject({ code: 'WRONG_RUNTIME', hint: expect.stringContaining('Node 20.19') });
});

test('tells the C library of this process, and leaves its reports as they are', () => {
  const report = process.report as { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  // Other systems have none.
  if (process.platform === 'linux') expect(thisHost()!.glibc()).toMatch(/^2\.\d+$/);
  else expect(thisHost()!.glibc()).toBeNull();
  expect(report.excludeNetwork ?? false).toBe(before ?? false);
});
