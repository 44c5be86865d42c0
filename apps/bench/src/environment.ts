import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';

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

const PACKAGES = [
  '@rmsnorm/core',
  '@rmsnorm/wasm',
  'onnxruntime-web',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-wasm',
];

export function environment(): Environment {
  const require = createRequire(import.meta.url);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    threads: 1,
    versions: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(require, name)])),
  };
}

function versionOf(require: NodeJS.Require, name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
