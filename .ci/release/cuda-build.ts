import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../workspace.ts';
import { Refusal } from './refusal.ts';

const leaf = 'packages/cuda-linux-x64-gnu';

/** As RELEASE of the leaf's scripts/device-steps.mjs. */
const wanted: readonly string[] = ['sm_75', 'sm_80', 'sm_90', 'sm_100', 'sm_120', 'compute_120'];

const builtFor = (dir: string): string => join(dir, leaf, 'dist/architectures.json');

/** Before a build: without compilers it leaves an earlier addon as it is, and must not be taken to have built it. */
export function forgetCudaBuild(dir: string = root): void {
  rmSync(builtFor(dir), { force: true });
}

/** Refuses an addon that was not compiled for every generation of GPUs: its users would find no kernel. */
export function requireCudaForAll(dir: string = root): void {
  let built: string[];
  try {
    built = JSON.parse(readFileSync(builtFor(dir), 'utf8')) as string[];
  } catch {
    throw new Refusal(
      `${leaf} is not built, and nothing was published: releases are made where nvcc of CUDA 13 and g++ are (see its README)`,
    );
  }
  const missing = wanted.filter((target) => !built.includes(target));
  if (missing.length === 0) return;
  throw new Refusal(
    `${leaf} was built for ${built.join(', ')} alone, without ${missing.join(', ')}, and nothing was published: ` +
      `RMSNORM_CUDA_ARCHS=release pnpm build`,
  );
}
