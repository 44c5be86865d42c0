import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToSuccess, tool } from '../run-program.ts';
import { readManifest, root } from '../workspace.ts';

const core = join(root, 'packages/core');

interface ShownConfig {
  compilerOptions: { types?: string[]; lib?: string[] };
  files: string[];
}

test('core depends on nothing', () => {
  const { dependencies, peerDependencies, optionalDependencies } = readManifest(core);
  expect({ ...dependencies, ...peerDependencies, ...optionalDependencies }).toEqual({});
});

test('core is built without the types of any environment', async () => {
  const shown = await runToSuccess(process.execPath, [tool('tsc'), '-p', 'tsconfig.build.json', '--showConfig'], {
    cwd: core,
  });
  const { compilerOptions, files } = JSON.parse(shown) as ShownConfig;
  expect(compilerOptions.types).toEqual([]);
  expect(compilerOptions.lib).toEqual(['es2022', 'esnext.disposable']);
  expect(files).toContain('./src/index.ts');
});
