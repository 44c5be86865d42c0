import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { version_core } from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';

/** What a figure depends on beside the code. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  /** Of each candidate: all of them are held to one. */
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function environment(): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    threads: 1,
    versions: {
      '@rmsnorm/core': versionOf('@rmsnorm/core'),
      '@rmsnorm/wasm': versionOf('@rmsnorm/wasm'),
      'onnxruntime-web': ort.env.versions.web ?? 'unknown',
      '@tensorflow/tfjs-core': version_core,
      '@tensorflow/tfjs-backend-wasm': version_wasm,
    },
  };
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}
