// Programs in a process of their own: some tests end it, or need another libcuda.

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** A folder with a libcuda.so.1 made of C text, while `body` runs. */
export async function withLibcuda<T>(text: string, body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rmsnorm-libcuda-'));
  try {
    const source = join(folder, 'libcuda.cpp');
    writeFileSync(source, `#include <cstring>\nextern "C" {\n${text}\n}\n`);
    execFileSync('g++', ['-shared', '-fPIC', '-o', join(folder, 'libcuda.so.1'), source]);
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
