import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** What a figure depends on, beside the code and the engine. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** How many threads each candidate may use. */
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
}

const MEASURED = [
  '@rmsnorm/core',
  '@rmsnorm/wasm',
  '@rmsnorm/webgpu',
  '@rmsnorm/cuda',
  'onnxruntime-node',
  'onnxruntime-web',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-cpu',
  '@tensorflow/tfjs-backend-webgpu',
  '@jax-js/jax',
];

export function environment(threads: number): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    threads,
    versions: Object.fromEntries(MEASURED.map((name) => [name, versionOf(name)])),
  };
}

/** The version of an installed package, also of one that does not export its package.json. @throws Error without it */
export function versionOf(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${name} is not installed`);
}
