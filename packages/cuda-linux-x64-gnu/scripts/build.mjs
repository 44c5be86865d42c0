// Builds dist/rmsnorm-cuda.node: the kernels by nvcc into fat binaries, which are embedded; the addon, and the kernels once more for the
// emulated device, by g++. With --sanitize: build/sanitized/rmsnorm-cuda.node, whose addon and driver AddressSanitizer and UBSan watch.

import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { include_dir as nodeHeaders } from 'node-api-headers';
import { findCompilers } from './compilers.mjs';
import { deviceSteps, targets } from './device-steps.mjs';
import { runStep, runSteps } from './step.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const native = join(root, 'native');

const HOST_FLAGS = [
  ...['-std=c++17', '-O2', '-ffp-contract=off', '-fPIC', '-fvisibility=hidden', '-pthread', '-Wall', '-Wextra'],
  ...['-DNAPI_VERSION=8', '-DRMSNORM_EMULATED'],
];
const SANITIZERS = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
  '-fno-omit-frame-pointer',
  '-g1',
];

/** Sources under native/, but for its tests, which are programs of their own. */
function sources(...extensions) {
  const all = readdirSync(native, { recursive: true }).filter((path) => !path.startsWith('test/'));
  return all.filter((path) => extensions.some((extension) => path.endsWith(extension))).toSorted();
}

/** Sources for g++: the kernels are among them. Those have a test program of their own, which sanitizers watch (native/test). */
function hostSteps({ gxx, include, versions }, sanitize) {
  const includes = [`-I${native}`, `-isystem${include}`, `-isystem${nodeHeaders}`];
  return sources('.cpp', '.cu').map((source) => {
    const watched = sanitize && /^(addon|driver)\//.test(source);
    const flags = [...HOST_FLAGS, ...(watched ? SANITIZERS : []), ...includes];
    return {
      output: join(root, 'build', watched ? 'sanitized' : 'host', 'objects', `${source.replaceAll('/', '.')}.o`),
      program: gxx,
      args: (output, depfile) => [
        ...[...flags, '-MMD', '-MF', depfile, '-c', '-o', output],
        ...['-x', 'c++', join(native, source)],
      ],
      root: native,
      key: versions,
    };
  });
}

/** A source that embeds the fat binaries. */
function writeEmbedding(folder, fatbins) {
  const names = fatbins.map((_, i) => `rmsnorm_fatbin_${i}`);
  const blocks = fatbins.map(
    (path, i) =>
      `asm(".section .rodata\\n.balign 64\\n.globl ${names[i]}\\n.hidden ${names[i]}\\n${names[i]}:\\n.incbin \\"${path}\\"\\n.previous");\n` +
      `extern "C" __attribute__((visibility("hidden"))) const char ${names[i]}[];\n`,
  );
  const rows = fatbins.map((path, i) => `{"${basename(path, '.fatbin')}", ${names[i]}}`);
  const text = `// Written by scripts/build.mjs.
#include "driver/fatbins.h"

${blocks.join('')}
namespace rmsnorm {
const Fatbin* fatbins() {
  static const Fatbin all[] = {${[...rows, '{nullptr, nullptr}'].join(', ')}};
  return all;
}
int fatbinCount() { return ${fatbins.length}; }
}  // namespace rmsnorm
`;
  const path = join(folder, 'fatbins.cpp');
  mkdirSync(folder, { recursive: true });
  // Whole at once, as another build may be reading it.
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

function embedStep({ gxx, versions }, folder, flags, fatbins) {
  const source = writeEmbedding(folder, fatbins);
  return {
    output: join(folder, 'fatbins.o'),
    program: gxx,
    args: (output) => [...HOST_FLAGS, ...flags, `-I${native}`, '-c', '-o', output, source],
    reads: [source, ...fatbins],
    root: native,
    key: versions,
  };
}

/** Never unloaded: threads of it may outlive the worker that loaded it. */
function linkStep({ gxx, versions }, folder, output, flags, objects) {
  return {
    output,
    record: join(folder, 'link.json'),
    program: gxx,
    args: (target) => [...flags, '-shared', '-pthread', '-Wl,-z,nodelete', '-Wl,-z,now', '-o', target, ...objects],
    reads: objects,
    root: native,
    key: versions,
  };
}

/** What the addon beside it was compiled for: a release asks for all of it. */
const builtFor = join(root, 'dist/architectures.json');

async function build(compilers, sanitize) {
  const flags = sanitize ? SANITIZERS : [];
  const folder = join(root, 'build', sanitize ? 'sanitized' : 'host');
  const target = sanitize ? join(folder, 'rmsnorm-cuda.node') : join(root, 'dist/rmsnorm-cuda.node');
  // What is sanitized runs on the emulated device alone.
  const devices = sanitize ? [] : deviceSteps(compilers, sources('.cu'), native, join(root, 'build'));
  const hosts = hostSteps(compilers, sanitize);
  let done = await runSteps([...devices, ...hosts], availableParallelism());
  const embed = embedStep(
    compilers,
    folder,
    flags,
    devices.map((step) => step.output),
  );
  done += (await runStep(embed)) ? 1 : 0;
  const objects = [...hosts.map((step) => step.output), embed.output];
  const link = linkStep(compilers, folder, target, sanitize ? flags : ['-s'], objects);
  done += (await runStep(link)) ? 1 : 0;
  if (!sanitize) writeFileSync(builtFor, `${JSON.stringify(targets().codes)}\n`);
  return { target, done };
}

async function main() {
  const compilers = findCompilers();
  if (compilers.missing) {
    console.log(
      `@rmsnorm/cuda-linux-x64-gnu: no ${compilers.missing}: dist/rmsnorm-cuda.node is not built, and there is no CUDA backend`,
    );
    return;
  }
  const start = performance.now();
  const { target, done } = await build(compilers, process.argv.includes('--sanitize'));
  if (done === 0) return;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const size = Math.round(statSync(target).size / 1024);
  console.log(`${relative(root, target)}: ${size} KB, ${done} steps in ${seconds} s`);
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
