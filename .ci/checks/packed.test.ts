import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { packAll, type Tarball, temporaryFolder } from '../packed.ts';
import { lacking } from '../requirements.ts';
import { run, tool } from '../run-program.ts';
import { readPacked } from '../tar.ts';
import { filesIn, type Manifest, publishedPackages } from '../workspace.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tarballs: Tarball[];

beforeAll(async () => {
  folder = await temporaryFolder('packed');
  tarballs = await packAll(folder.dir);
});
afterAll(() => folder.remove());

describe.each(publishedPackages.map((pkg) => [pkg.path, pkg] as const))('%s, packed', (path, pkg) => {
  const isBinary = pkg.manifest.os !== undefined;
  const tarball = (): Tarball => tarballs.find((packed) => packed.pkg === pkg)!;

  beforeEach(({ skip }) => {
    if (isBinary && !existsSync(join(pkg.dir, 'dist/rmsnorm-cuda.node')))
      lacking(skip, `${path} is not built: that needs nvcc and g++`);
  });

  test('holds a README, the licence, what was built, and no test', () => {
    const { files } = tarball();
    const built = isBinary ? ['dist/rmsnorm-cuda.node'] : ['dist/index.js', 'dist/index.d.ts'];
    const wanted = ['LICENSE', 'README.md', 'package.json', ...built];
    expect(
      wanted.filter((file) => !files.includes(file)),
      `${path} lacks these`,
    ).toEqual([]);
    expect(
      files.filter((file) => /\.test\.|^test\/|\.tgz$|tsbuildinfo/.test(file)),
      `${path}/package.json: "files"`,
    ).toEqual([]);
  });

  test('holds nothing that an earlier build left behind', () => {
    const sources = new Set(
      filesIn(pkg, 'src').map((file) => file.slice(join(pkg.dir, 'src/').length).replaceAll('\\', '/')),
    );
    const stale = tarball().files.filter((file) => {
      const [, module] = /^dist\/(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file) ?? [];
      return module && !sources.has(`${module}.ts`) && !sources.has(`${module}.js`);
    });
    expect(stale, `rm -r ${path}/dist, and build again`).toEqual([]);
  });

  test('names its dependencies by versions', async () => {
    const { path: file } = tarball();
    const packed = JSON.parse(await readPacked(file, 'package.json')) as Manifest;
    const { dependencies, peerDependencies, optionalDependencies } = packed;
    const ranges = Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies });
    expect(ranges.filter(([, range]) => !/^[\^~>=]*\d+(\.\d+)*$/.test(range))).toEqual([]);
    // What a user adds may be of any version: its own dependencies say which core it is of.
    const ours = Object.entries({ ...dependencies, ...optionalDependencies }).filter(([name]) =>
      name.startsWith('@rmsnorm/'),
    );
    expect(ours).toEqual(ours.map(([name]) => [name, `^${pkg.manifest.version}`]));
  });

  test('publint --strict', async () => {
    const { buffer, byteOffset, byteLength } = await readFile(tarball().path);
    const data = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    const { messages, pkg: manifest } = await publint({ pack: { tarball: data }, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest, { color: false }))).toEqual([]);
  });

  // A binary has no types: the package that loads it knows what it is.
  if (isBinary) return;
  test('attw --profile esm-only', async () => {
    // A raw .wasm file has no types, and none is wanted: bundlers and hosts take it as bytes.
    const bytes = Object.keys(pkg.manifest.exports ?? {}).filter((entry) => /\.wasm$|\/worker\.js$/.test(entry));
    const exclude = bytes.length > 0 ? ['--exclude-entrypoints', ...bytes] : [];
    const { code, output } = await run(process.execPath, [
      tool('attw'),
      tarball().path,
      '--profile',
      'esm-only',
      '--no-color',
      '--no-emoji',
      ...exclude,
    ]);
    expect(code, output).toBe(0);
  });
});
