// The kernels, compiled by nvcc into fat binaries. RMSNORM_CUDA_ARCHS=release compiles for all architectures; else for sm_90, and PTX of
// compute_75 for the rest.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

const FLAGS = ['-O3', '-std=c++17', '-fmad=false', '--compress-mode=size', '--fatbin'];

/** sm_80's code runs on 8.6 and 8.9 too; PTX (compute_) serves what comes. */
const DEFAULT = ['sm_90', 'compute_75'];
const RELEASE = ['sm_75', 'sm_80', 'sm_90', 'sm_100', 'sm_120', 'compute_120'];

const gencode = (target) => `-gencode=arch=${target.replace('sm_', 'compute_')},code=${target}`;

/** What a build is for, by the environment. */
export function targets() {
  const wanted = process.env.RMSNORM_CUDA_ARCHS ?? '';
  if (wanted !== '' && wanted !== 'release')
    throw new Error(`RMSNORM_CUDA_ARCHS is '${wanted}'; it may be 'release', or not set`);
  return wanted === 'release' ? { isRelease: true, codes: RELEASE } : { isRelease: false, codes: DEFAULT };
}

/** One source that has all others in it: packed together they are a tenth smaller. */
function writeTogether(folder, sources) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'kernels.cu');
  writeFileSync(path, sources.map((source) => `#include "${source}"\n`).join(''));
  return path;
}

/** For a release one step; else one for each source, as what has changed is then compiled alone, and all at once. */
export function deviceSteps({ nvcc, versions }, sources, native, build) {
  const { isRelease, codes } = targets();
  const folder = join(build, isRelease ? 'device-release' : 'device');
  const paths = sources.map((source) => join(native, source));
  const flags = [...FLAGS, ...codes.map(gencode), `--threads=${availableParallelism()}`];
  return (isRelease ? [writeTogether(folder, paths)] : paths).map((path) => ({
    output: join(folder, `${basename(path, '.cu')}.fatbin`),
    program: nvcc,
    args: (output, depfile) => [...flags, '-MMD', '-MF', depfile, '-o', output, path],
    root: native,
    key: versions,
  }));
}
