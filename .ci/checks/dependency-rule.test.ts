import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../packed.ts';
import { run, tool } from '../run-program.ts';
import { root, workspacePackages } from '../workspace.ts';

const core = '@rmsnorm/core';

/** Who may import whom, of the workspace; null: anything. Every package that is not named here is a backend, or the suite: core alone. */
const allowed: Record<string, string[] | null> = {
  [core]: [],
  '@rmsnorm/tfjs': [core, '@rmsnorm/wasm', '@rmsnorm/webgpu'],
};

function allowedFor({ path, name }: { path: string; name: string }): string[] | null {
  return path.startsWith('apps/') ? null : (allowed[name] ?? [core]);
}

describe.each(workspacePackages.map((pkg) => [pkg.path, pkg] as const))('%s', (path, { manifest }) => {
  const rule = allowedFor({ path, name: manifest.name });

  test('its dependencies keep the rule of who may import whom', () => {
    const { dependencies, peerDependencies, optionalDependencies } = manifest;
    const names = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies });
    // A binary of its own, for one system, is loaded and not imported.
    const mayHave = (name: string): boolean =>
      rule === null || rule.includes(name) || name.startsWith(`${manifest.name}-`);
    const wrong = names.filter((name) => name.startsWith('@rmsnorm/') && !mayHave(name));
    expect(
      wrong,
      `${path}/package.json may depend on ${rule?.join(', ') || 'no package of ours'}: the rest belongs in devDependencies`,
    ).toEqual([]);
  });
});

test('core is an ordinary dependency wherever it is used', () => {
  const peers = workspacePackages
    .filter(({ manifest }) => core in (manifest.peerDependencies ?? {}))
    .map(({ path }) => path);
  expect(peers, 'as a peer, a minor version of core would make every package 1.0.0').toEqual([]);
});

// That the sources keep the rules, `pnpm lint` says (static.test.ts). Here: that lint would find what does not, in a copy
// of the workspace, with two packages that are yet to come, where every file breaks them.
describe('the rules of .ci/imports.biome.jsonc', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  afterAll(() => folder.remove());

  const packages = [
    ...workspacePackages.map(({ path, manifest: { name } }) => ({ path, name })),
    { path: 'packages/tfjs', name: '@rmsnorm/tfjs' },
    { path: 'packages/another', name: '@rmsnorm/another' },
  ];
  const ours = packages.map(({ name }) => name);
  const installed = ['installed', 'installed/sub', '@scope/installed', 'peer', 'optional', 'node:fs'];
  const notInstalled = ['dev', 'none', '@scope/none/sub'];
  const folders: Readonly<Record<string, readonly string[]>> = {
    values: [],
    driver: ['values'],
    options: ['values', 'driver'],
    backend: ['values', 'driver', 'options'],
    operations: ['values', 'driver', 'options', 'backend'],
    api: ['values', 'driver', 'options', 'backend', 'operations'],
    reference: ['values', 'driver', 'backend'],
  };

  function write(path: string, lines: readonly string[]): void {
    mkdirSync(dirname(join(folder.dir, path)), { recursive: true });
    writeFileSync(join(folder.dir, path), lines.map((line) => `${line}\n`).join(''));
  }

  const imports = (specifiers: readonly string[]): string[] =>
    specifiers.map((specifier) => `import '${specifier}';`).sort();

  function plant({ path, name }: { path: string; name: string }): void {
    const versions = (names: readonly string[]) => Object.fromEntries(names.map((one) => [one, '1']));
    const manifest = {
      name,
      dependencies: versions(['installed', '@scope/installed', ...ours.filter((other) => other !== name)]),
      devDependencies: versions(['dev']),
      peerDependencies: versions(['peer']),
      optionalDependencies: versions(['optional']),
    };
    write(`${path}/package.json`, [JSON.stringify(manifest)]);
    const all = imports([...ours, `${core}/driver`, ...installed, ...notInstalled]);
    for (const file of ['src/all.ts', 'src/folder/all.ts', 'src/all.test.ts', 'test/all.ts']) {
      write(`${path}/${file}`, all);
    }
    write(`${path}/src/ways.ts`, [
      "import { a } from 'no-a';",
      "import type { B } from 'no-b';",
      "export * from 'no-c';",
      "export type { D } from 'no-d';",
      "export const e = await import('no-e');",
      "export type F = import('./f.ts').F;",
    ]);
    write(`${path}/src/circle/a.ts`, ["export type { B } from './b.ts';", 'export type A = 1;']);
    write(`${path}/src/circle/b.ts`, ["import type { C } from './c.ts';", 'export type B = C;']);
    write(`${path}/src/circle/c.ts`, ["import { type A } from './a.ts';", 'export type C = A;']);
  }

  /** The lines that lint complains of, as `path: line`, by its rule. */
  const found = new Map<string, string[]>();
  const linesOf = (path: string, rule: string): string[] =>
    (found.get(rule) ?? [])
      .filter((line) => line.startsWith(`${path}: `))
      .map((line) => line.slice(path.length + 2))
      .sort();

  beforeAll(async () => {
    folder = await temporaryFolder('imports');
    for (const path of [
      '.biome.json',
      '.gitignore',
      '.ci/imports.biome.jsonc',
      '.ci/sizes.biome.jsonc',
      '.ci/import-types.grit',
    ]) {
      cpSync(join(root, path), join(folder.dir, path));
    }
    for (const pkg of packages) plant(pkg);
    for (const name of Object.keys(folders)) {
      write(
        `packages/core/src/${name}/all-folders.ts`,
        imports([
          ...Object.keys(folders).map((other) => `../${other}/any.ts`),
          '../driver.ts',
          './any.ts',
          '@rmsnorm/core',
        ]),
      );
    }
    const { stdout } = await run(
      process.execPath,
      [tool('biome'), 'lint', '--reporter=json', '--max-diagnostics=none'],
      { cwd: folder.dir },
    );
    const { diagnostics } = JSON.parse(stdout) as Report;
    for (const { category, location } of diagnostics) {
      const path = location.path.replaceAll('\\', '/');
      const line = readFileSync(join(folder.dir, path), 'utf8').split('\n')[location.start.line - 1];
      found.set(category, [...(found.get(category) ?? []), `${path}: ${line}`]);
    }
  });

  test.each(packages)('$path imports what it may, of ours', ({ path, name }) => {
    const rule = allowedFor({ path, name });
    const wrong = rule ? ours.filter((other) => !rule.includes(other)) : [];
    const entry = rule && !rule.includes(core) ? [`${core}/driver`] : [];
    for (const file of ['src/all.ts', 'src/folder/all.ts']) {
      expect(linesOf(`${path}/${file}`, 'lint/style/noRestrictedImports')).toEqual(imports([...wrong, ...entry]));
    }
  });

  test.each(packages)('$path imports what is installed with it, in every way to name a module', ({ path }) => {
    const rule = 'lint/correctness/noUndeclaredDependencies';
    for (const file of ['src/all.ts', 'src/folder/all.ts']) {
      expect(linesOf(`${path}/${file}`, rule)).toEqual(imports(notInstalled));
    }
    const ways = linesOf(`${path}/src/ways.ts`, rule).map((line) => /no-./.exec(line)?.[0]);
    expect(ways.sort()).toEqual(['no-a', 'no-b', 'no-c', 'no-d', 'no-e']);
    expect(linesOf(`${path}/src/ways.ts`, 'plugin')).toEqual(["export type F = import('./f.ts').F;"]);
  });

  test.each(packages)('$path: tests may import anything', ({ path }) => {
    for (const file of ['src/all.test.ts', 'test/all.ts']) {
      for (const rule of ['lint/style/noRestrictedImports', 'lint/correctness/noUndeclaredDependencies']) {
        expect(linesOf(`${path}/${file}`, rule)).toEqual([]);
      }
    }
  });

  test.each(packages)('$path has no circle, types included', ({ path }) => {
    for (const [file, next] of ['a b', 'b c', 'c a'].map((pair) => pair.split(' '))) {
      const lines = linesOf(`${path}/src/circle/${file}.ts`, 'lint/suspicious/noImportCycles');
      expect(lines).toEqual([expect.stringContaining(`'./${next}.ts'`)]);
    }
  });

  test.each(Object.entries(folders))('%s/ of core imports from the folders %j', (folder, may) => {
    const wrong = Object.keys(folders).filter((other) => !may.includes(other));
    expect(linesOf(`packages/core/src/${folder}/all-folders.ts`, 'lint/style/noRestrictedImports')).toEqual(
      imports([...wrong.map((other) => `../${other}/any.ts`), '../driver.ts', '@rmsnorm/core']),
    );
  });
});

/** What is read of Biome's report. */
interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}
