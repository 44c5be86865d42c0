import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf } from '../imports.ts';
import { filesIn, root, workspacePackages } from '../workspace.ts';

const core = '@rmsnorm/core';

/** Who may import whom, of the workspace; null: anything. Every package that is not named here is a backend, or the suite: core alone. */
const allowed: Record<string, string[] | null> = {
  [core]: [],
  '@rmsnorm/tfjs': [core, '@rmsnorm/wasm', '@rmsnorm/webgpu'],
};

function allowedFor({ path, manifest }: (typeof workspacePackages)[number]): string[] | null {
  return path.startsWith('apps/') ? null : (allowed[manifest.name] ?? [core]);
}

/** The package that an import leads to: `@a/b` of `@a/b/c`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** The imports of src that leave the package: tests are exempt. */
function outsideImports(pkg: (typeof workspacePackages)[number]): { file: string; name: string }[] {
  return filesIn(pkg, 'src')
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) =>
      importsOf(readFileSync(file, 'utf8'))
        .filter((specifier) => !specifier.startsWith('.'))
        .map((specifier) => ({ file: relative(root, file), name: packageOf(specifier) })),
    );
}

test('importsOf sees every way to name a module, and no comment', () => {
  const code = `import type { A } from 'a'; export * from 'b'; /** import 'no' */ const x: import('c').X = await import('d/e'); import 'f';`;
  expect(importsOf(code)).toEqual(['a', 'b', 'c', 'd/e', 'f']);
});

describe.each(workspacePackages.map((pkg) => [pkg.path, pkg] as const))('%s', (path, pkg) => {
  const rule = allowedFor(pkg);

  test('its dependencies keep the rule of who may import whom', () => {
    const { dependencies, peerDependencies, optionalDependencies } = pkg.manifest;
    const names = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies });
    const wrong = names.filter((name) => name.startsWith('@rmsnorm/') && rule && !rule.includes(name));
    expect(
      wrong,
      `${path}/package.json may depend on ${rule?.join(', ') || 'no package of ours'}: the rest belongs in devDependencies`,
    ).toEqual([]);
  });

  test('its sources keep it too', () => {
    const wrong = outsideImports(pkg).filter(
      ({ name }) => name.startsWith('@rmsnorm/') && rule && !rule.includes(name),
    );
    expect(
      wrong,
      `${path}/src may import ${rule?.join(', ') || 'no package of ours'}: move the code, or what it needs into core`,
    ).toEqual([]);
  });

  test('its sources import only what is installed with it', () => {
    const { name, dependencies, peerDependencies, optionalDependencies } = pkg.manifest;
    const installed = new Set([
      name,
      ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
    ]);
    const wrong = outsideImports(pkg).filter(({ name }) => !name.startsWith('node:') && !installed.has(name));
    expect(
      wrong,
      `${path}/package.json must list these under dependencies (devDependencies do not reach users)`,
    ).toEqual([]);
  });
});

test('core is an ordinary dependency wherever it is used', () => {
  const peers = workspacePackages
    .filter(({ manifest }) => core in (manifest.peerDependencies ?? {}))
    .map(({ path }) => path);
  expect(peers, 'as a peer, a minor version of core would make every package 1.0.0').toEqual([]);
});
