import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../packed.ts';
import { root } from '../workspace.ts';
import { requireCudaForAll } from './cuda-build.ts';

const leaf = 'packages/cuda-linux-x64-gnu';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('cuda-build');
  await mkdir(join(folder.dir, leaf, 'dist'), { recursive: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

/** What the build of the leaf notes, in this environment. */
async function built(architectures: string): Promise<void> {
  vi.stubEnv('RMSNORM_CUDA_ARCHS', architectures);
  const { targets } = (await import(pathToFileURL(join(root, leaf, 'scripts/device-steps.mjs')).href)) as {
    targets: () => { codes: string[] };
  };
  await writeFile(join(folder.dir, leaf, 'dist/architectures.json'), JSON.stringify(targets().codes));
}

test('a build for releases passes', async () => {
  await built('release');
  expect(() => requireCudaForAll(folder.dir)).not.toThrow();
});

test('the everyday build is refused, and so is none', async () => {
  await built('');
  expect(() => requireCudaForAll(folder.dir)).toThrow('RMSNORM_CUDA_ARCHS=release pnpm build');
  await folder.remove();
  expect(() => requireCudaForAll(folder.dir)).toThrow('is not built');
});
