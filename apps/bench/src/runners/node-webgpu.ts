import { findSwiftShader } from '../chromium/find-swiftshader.ts';
import type { Adapter } from '../chromium/launch.ts';
import { forkBench } from './fork.ts';
import type { Runner } from './runner.ts';
import { watchedRunner } from './watched.ts';

/**
 * npm's webgpu in a process of its own.
 * @throws Error where there is no adapter, or no SwiftShader and it is asked for
 */
export async function nodeWebGPURunner(threads: number, adapter: Adapter): Promise<Runner> {
  const module = new URL('./node-webgpu-process.js', import.meta.url);
  const env = adapter === 'swiftshader' ? { VK_ICD_FILENAMES: findSwiftShader() } : {};
  return watchedRunner((onStage) => forkBench(module, threads, onStage, env));
}
