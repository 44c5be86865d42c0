// Finds nvcc and g++.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** CUDA 13's: earlier ones cannot pack a fat binary for the drivers that are asked for. */
const LEAST_NVCC = 13;

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);

/** /usr/local/cuda, then its versions, the newest first. */
function installedToolkits() {
  if (!existsSync('/usr/local')) return [];
  const versions = readdirSync('/usr/local').filter((name) => name === 'cuda' || name.startsWith('cuda-'));
  return versions.toSorted((a, b) => (a === 'cuda' ? -1 : b.localeCompare(a, 'en', { numeric: true })));
}

function findNvcc() {
  // Whoever sets CUDA_HOME means that one and no other.
  if (process.env.CUDA_HOME) return [join(process.env.CUDA_HOME, 'bin/nvcc')].find(isExecutable);
  const installed = installedToolkits().map((name) => `/usr/local/${name}/bin/nvcc`);
  return onPath('nvcc') ?? installed.find(isExecutable);
}

const said = (program, ...args) => spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';

/** Where cuda.h lies. */
function includeFolder(nvcc) {
  const plan = spawnSync(nvcc, ['--dryrun', '-E', '-x', 'cu', '/dev/null'], { encoding: 'utf8' }).stderr ?? '';
  const root = /^#\$ TOP=(.*)$/m.exec(plan)?.[1];
  return [root && join(root, 'include'), join(dirname(nvcc), '../include')].find(
    (folder) => folder && existsSync(join(folder, 'cuda.h')),
  );
}

/** The compilers, or in words what is missing. */
export function findCompilers() {
  const gxx = onPath('g++');
  const nvcc = findNvcc();
  if (!nvcc) return { missing: 'nvcc (CUDA 13 or newer; looked in PATH, CUDA_HOME and /usr/local/cuda*/bin)' };
  if (!gxx) return { missing: 'g++ (looked in PATH)' };
  const version = /release (\d+)\.(\d+)/.exec(said(nvcc, '--version'));
  if (!version || Number(version[1]) < LEAST_NVCC)
    return { missing: `nvcc of CUDA ${LEAST_NVCC} or newer (${nvcc} is ${version ? version[0] : 'of unknown age'})` };
  const include = includeFolder(nvcc);
  if (!include) return { missing: `cuda.h beside ${nvcc}` };
  return { gxx, nvcc, include, versions: `${version[0]} ${said(gxx, '-dumpfullversion').trim()}` };
}
