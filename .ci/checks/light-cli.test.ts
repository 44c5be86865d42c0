import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packAll, temporaryFolder } from '../packed.ts';
import { npm, runToSuccess } from '../run-program.ts';
import { packDependenciesOfOthers } from '../third-party.ts';

// What `npx @rmsnorm/cli` gets: the command line alone, in a folder of its own.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let project: string;
const [command, ...args] = npm;

beforeAll(async () => {
  folder = await temporaryFolder('light-cli');
  const [ours, others] = await Promise.all([packAll(folder.dir), packDependenciesOfOthers(folder.dir)]);
  const tarballs = new Map([...ours.map(({ pkg, path }) => [pkg.manifest.name, path] as const), ...others]);
  project = join(folder.dir, 'project');
  await mkdir(project);
  const dependencies = Object.fromEntries([['@rmsnorm/cli', `file:${tarballs.get('@rmsnorm/cli')}`]]);
  const overrides = Object.fromEntries(
    [...tarballs].filter(([name]) => name !== '@rmsnorm/cli').map(([name, path]) => [name, `file:${path}`]),
  );
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }));
  await runToSuccess(command, [...args, 'install', '--offline', '--no-audit', '--no-fund'], { cwd: project });
});
afterAll(() => folder.remove());

async function bytesIn(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

test('is below 5 MB with all that it needs', async () => {
  const bytes = await bytesIn(join(project, 'node_modules'));
  expect(bytes).toBeGreaterThan(5e5);
  expect(bytes).toBeLessThan(5e6);
});

test('doctor says what may be added, and the line to type; auto takes wasm', async () => {
  const text = await runToSuccess(command, [...args, 'exec', '--no', '--', 'rmsnorm', 'doctor'], { cwd: project });
  for (const name of ['@rmsnorm/cuda', 'webgpu']) {
    expect(text).toContain(`the npm package ${name} is not installed: add it beside this one: npm install --global`);
    expect(text).toContain(`npx --package @rmsnorm/cli --package ${name} rmsnorm`);
  }
  expect(text).toMatch(/^--backend auto takes wasm$/m);
});
