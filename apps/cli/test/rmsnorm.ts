import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode, type FloatDType, type HostTensor } from '@rmsnorm/core';
import { afterAll, vi } from 'vitest';
import { npyPrefix, npyPrefixBytes, parseNpy } from '../src/files/npy.ts';
import { main } from '../src/main.ts';

/** The built command. */
export const BIN: string = fileURLToPath(new URL('../dist/bin.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/** A script that is loaded first, as NODE_OPTIONS, where \ stands before a " in quotes. */
export function requireOption(script: string): string {
  return `--require=${JSON.stringify(script)}`;
}

/** Where GPUs are not found by files. */
const noGPU = process.platform === 'linux' ? null : fileURLToPath(new URL('fixtures/no-gpu.cjs', import.meta.url));

/** Hides the machine's Vulkan drivers and GPUs, unless a test names one: on every machine a run is the same. */
export const NO_DRIVERS: Readonly<Record<string, string>> = {
  XDG_DATA_DIRS: '/none',
  XDG_CONFIG_DIRS: '/none',
  CUDA_VISIBLE_DEVICES: '',
  ...(noGPU && { NODE_OPTIONS: requireOption(noGPU) }),
};
process.env.CUDA_VISIBLE_DEVICES = '';
if (noGPU) createRequire(import.meta.url)(noGPU);

/** The permissions of a file that was given these: Windows has none but one for writing. */
export function permissions(mode: number): number {
  return process.platform === 'win32' ? 0o666 : mode;
}

/** Why there is no CUDA, then: the addon was not built, there is no driver, or its devices are hidden. */
export const NO_CUDA: RegExp = /NO_BINARY|DRIVER_NOT_FOUND|NO_DEVICE/;

/** Starts `rmsnorm` as a process of its own, in `folder`. */
export function start(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const options = [NO_DRIVERS.NODE_OPTIONS, env.NODE_OPTIONS].filter(Boolean).join(' ');
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...NO_DRIVERS, ...env, ...(options !== '' && { NODE_OPTIONS: options }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { ended, kill: (signal) => child.kill(signal) };
}

/** Runs `rmsnorm` to its end; an argument for each word. */
export function rmsnorm(
  folder: string,
  args: string | readonly string[],
  env?: Record<string, string>,
): Promise<Ended> {
  return start(folder, typeof args === 'string' ? args.split(' ') : args, env).ended;
}

/** How a process ends that kills itself, as `killedAtWrite` makes it; Windows does not tell that from an end of its own. */
export const KILLED: Pick<Ended, 'code' | 'signal'> =
  process.platform === 'win32' ? { code: 1, signal: null } : { code: null, signal: 'SIGKILL' };

/**
 * What makes a process of Node kill itself at its nth write of a chunk, as NODE_OPTIONS.
 * @param folder where the script that does so may lie
 */
export function killedAtWrite(folder: string, nth: number): string {
  const script = `const fs = require('node:fs'), { write } = fs;
    let n = 0;
    fs.write = (...args) => (++n === ${nth} ? process.kill(process.pid, 'SIGKILL') : write(...args));
    require('node:module').syncBuiltinESMExports();`;
  writeFileSync(join(folder, 'killed.cjs'), script);
  return requireOption(join(folder, 'killed.cjs'));
}

/**
 * Runs `rmsnorm` to its end in this process, which takes a tenth of the time: for what does not need one of its own.
 * One at a time: it changes the working folder.
 */
export async function inProcess(folder: string, args: string | readonly string[]): Promise<Ended> {
  const [before, stdout, stderr] = [process.cwd(), [] as string[], [] as string[]];
  const spies = ([process.stdout, process.stderr] as const).map((stream, i) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      (i === 0 ? stdout : stderr).push(String(text));
      return true;
    }),
  );
  try {
    process.chdir(folder);
    const code = await main(typeof args === 'string' ? args.split(' ') : args);
    return { code, signal: null, stdout: stdout.join(''), stderr: stderr.join('') };
  } finally {
    process.chdir(before);
    for (const spy of spies) spy.mockRestore();
  }
}

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder that is removed after the tests of the file. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rmsnorm-cli-'));
  folders.push(folder);
  return folder;
}

/** A folder with a tensor of float32 in x.npy. */
export function folderWithInput(shape: readonly number[] = [40, 12]): string {
  const folder = newFolder();
  writeNpy(join(folder, 'x.npy'), hostTensor(shape));
  return folder;
}

/** Files of unfinished outputs in a folder. */
export function partials(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.rmsnorm-partial'));
}

/** Numbers in (-2, 2) that are the same in every run. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 30 - 2;
  });
}

export function hostTensor(shape: readonly number[], dtype: FloatDType = 'float32', seed = 1): HostTensor {
  return {
    dtype,
    shape,
    data: encode(
      numbers(
        shape.reduce((n, d) => n * d, 1),
        seed,
      ),
      dtype,
    ),
  };
}

export function npyBytes({ dtype, shape, data }: HostTensor): Buffer {
  return Buffer.concat([npyPrefix(dtype as 'float32' | 'float16', shape), bytesOf(data)]);
}

export function writeNpy(path: string, tensor: HostTensor): void {
  writeFileSync(path, npyBytes(tensor));
}

export function readNpy(path: string): HostTensor {
  const file = readFileSync(path);
  const prefix = npyPrefixBytes(file.subarray(0, 12), file.length, path);
  const { stored: dtype, shape, start, end } = parseNpy(file.subarray(0, prefix), file.length, path);
  const bytes = Uint8Array.from(file.subarray(start, end));
  const data = dtype === 'float32' ? new Float32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  return { dtype: dtype as FloatDType, shape, data };
}

/** A .safetensors file of these tensors, made by the book: header, padding, bytes. */
export function safetensorsBytes(
  tensors: Readonly<Record<string, HostTensor | { dtype: string; shape: readonly number[]; data: Uint8Array }>>,
  metadata?: Readonly<Record<string, string>>,
): Buffer {
  const names: Readonly<Record<string, string>> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const bytes = bytesOf(data);
    header[name] = { dtype: names[dtype] ?? dtype, shape, data_offsets: [at, at + bytes.length] };
    parts.push(bytes);
    at += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

export function bytesOf(data: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Buffer {
  return Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
