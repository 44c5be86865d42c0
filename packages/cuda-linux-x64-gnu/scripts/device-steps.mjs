// The kernels, compiled by nvcc into fat binaries. RMSNORM_CUDA_ARCHS=release compiles for all architectures; else for sm_90, and PTX of
// compute_75 for the rest.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

const FLAGS = ['-O3', '-std=c++17', '-fmad=false', '--compress-mode=size', '--fatbin'];

const binary = (arch) => `-gencode=arch=compute_${arch},code=sm_${arch}`;
const ptx = (arch) => `-gencode=arch=compute_${arch},code=compute_${arch}`;

/** sm_80's code runs on 8.6 and 8.9 too; PTX serves what comes. */
const DEFAULT = [binary(90), ptx(75)];
const RELEASE = [...[75, 80, 90, 100, 120].map(binary), ptx(120)];

/** One source that has all others in it: packed together they are a tenth smaller. */
function writeTogether(folder, sources) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'kernels.cu');
  writeFileSync(path, sources.map((source) => `#include "${source}"\n`).join(''));
  return path;
}

/** For a release one step; else one for each source, as what has changed is then compiled alone, and all at once. */
export function deviceSteps({ nvcc, versions }, sources, native, build) {
  const wanted = process.env.RMSNORM_CUDA_ARCHS ?? '';
  if (wanted !== '' && wanted !== 'release')
    throw new Error(`RMSNORM_CUDA_ARCHS is '${wanted}'; it may be 'release', or not set`);
  const isRelease = wanted === 'release';
  const folder = join(build, isRelease ? 'device-release' : 'device');
  const paths = sources.map((source) => join(native, source));
  const flags = [...FLAGS, ...(isRelease ? RELEASE : DEFAULT), `--threads=${availableParallelism()}`];
  return (isRelease ? [writeTogether(folder, paths)] : paths).map((path) => ({
    output: join(folder, `${basename(path, '.cu')}.fatbin`),
    program: nvcc,
    args: (output, depfile) => [...flags, '-MMD', '-MF', depfile, '-o', output, path],
    root: native,
    key: versions,
  }));
}
