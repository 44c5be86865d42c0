// Programs in a process of their own: some tests end it, or need another libcuda.

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonPath } from './native.ts';

export interface Ended {
  code: number | string | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs CommonJS text in which `native` is the addon. One that hangs is killed, which its signal shows. */
export function runProgram(
  text: string,
  { env = {}, flags = [] }: { env?: Record<string, string>; flags?: string[] } = {},
): Promise<Ended> {
  const program = `const native = require(${JSON.stringify(addonPath)});\n${text}`;
  const options = { env: { ...process.env, ...env }, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, '-e', program], options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? null) : 0, signal: error?.signal ?? null, stdout, stderr });
    });
  });
}

const inPackage = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Where cuda.h lies, as the build finds it. */
function includeFolder(): string {
  const program = `import { findCompilers } from ${JSON.stringify(inPackage('scripts/compilers.mjs'))};
    process.stdout.write(findCompilers().include);`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

/** What the build made of the emulated device. */
function emulatedObjects(): string[] {
  const sources = readdirSync(inPackage('native'), { recursive: true, encoding: 'utf8' });
  const wanted = /^(driver\/emulated\/|driver\/failure|driver\/result_name|kernels\/|plan\/|simt\/).*\.(cpp|cu)$/;
  return sources
    .filter((path) => wanted.test(path))
    .map((path) => inPackage(`build/host/objects/${path.replaceAll('/', '.')}.o`));
}

/** Runs `body` with a folder that holds a libcuda.so.1 which is the emulated device. */
export function withEmulatedLibcuda<T>(body: (folder: string) => Promise<T>, ...defines: string[]): Promise<T> {
  return inFolder((folder) => {
    const flags = [
      '-shared',
      '-fPIC',
      '-std=c++17',
      '-pthread',
      `-I${inPackage('native')}`,
      `-isystem${includeFolder()}`,
    ];
    const output = join(folder, 'libcuda.so.1');
    execFileSync('g++', [...flags, ...defines, '-o', output, inPackage('test/libcuda.cpp'), ...emulatedObjects()]);
    return body(folder);
  });
}

/** Runs `body` with a folder that holds a libcuda.so.1 made of C text. */
export function withLibcuda<T>(text: string, body: (folder: string) => Promise<T>): Promise<T> {
  return inFolder((folder) => {
    const source = join(folder, 'libcuda.cpp');
    writeFileSync(source, `#include <cstring>\nextern "C" {\n${text}\n}\n`);
    execFileSync('g++', ['-shared', '-fPIC', '-o', join(folder, 'libcuda.so.1'), source]);
    return body(folder);
  });
}

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rmsnorm-libcuda-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
