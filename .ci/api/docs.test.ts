import { readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../packed.ts';
import { type Ended, run } from '../run-program.ts';
import { publishedPackages, root } from '../workspace.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('apidocs');
});
afterAll(() => folder.remove());

const options = join(root, '.ci/api/typedoc.json');

/** As `pnpm apidocs`, elsewhere. */
const typedoc = (file: string): Promise<Ended> =>
  run(process.execPath, [
    ...[join(root, 'node_modules/typedoc/bin/typedoc'), '--options', file],
    ...['--out', join(folder.dir, 'out')],
  ]);

test('the docstrings make documentation, without a link that leads nowhere', async () => {
  const { code, output } = await typedoc(options);
  expect(code, output).toBe(0);
  expect(await readFile(join(folder.dir, 'out/index.html'), 'utf8')).toContain('RMSNorm');
});

test('a link that leads nowhere is found', async () => {
  await writeFile(join(folder.dir, 'index.ts'), '/** See {@link Nowhere}. */\nexport const one: number = 1;\n');
  await writeFile(join(folder.dir, 'tsconfig.json'), '{ "files": ["index.ts"] }');
  const file = join(folder.dir, 'typedoc.json');
  await writeFile(file, JSON.stringify({ extends: [options], entryPoints: ['index.ts'], tsconfig: 'tsconfig.json' }));
  const { code, output } = await typedoc(file);
  expect(output).toContain('Nowhere');
  expect(code).not.toBe(0);
});

test('it covers every entry that has types', async () => {
  const { entryPoints } = JSON.parse(await readFile(join(root, '.ci/api/typedoc.json'), 'utf8')) as {
    entryPoints: string[];
  };
  const entries = publishedPackages.flatMap(({ path, manifest }) =>
    Object.values(manifest.exports ?? {})
      .map((target) => (Object(target) as { types?: string }).types)
      .filter((types) => types !== undefined)
      .map((types) => posix.join('../..', path, types.replace('/dist/', '/src/').replace(/\.d\.ts$/, '.ts'))),
  );
  expect([...entryPoints].sort()).toEqual(entries.sort());
});
