import { findSwiftShader } from '../chromium/find-swiftshader.ts';
import type { Adapter } from '../chromium/launch.ts';
import { forkBench } from './fork.ts';
import type { Runner } from './runner.ts';
import { watchedRunner } from './watched.ts';

/** Targets that are measured in Node. */
export type NodeTarget = 'node' | 'threads' | 'node-webgpu' | 'gpu-clock' | 'cuda';

const MODULES: Readonly<Record<NodeTarget, URL>> = {
  node: new URL('./node-process.js', import.meta.url),
  cuda: new URL('./cuda-process.js', import.meta.url),
  threads: new URL('./threads-process.js', import.meta.url),
  'node-webgpu': new URL('./node-webgpu-process.js', import.meta.url),
  'gpu-clock': new URL('./gpu-clock-process.js', import.meta.url),
};

/**
 * A child process, so that a candidate that hangs, or ends the process, takes nothing else with it.
 * @throws Error where it cannot measure: without an adapter, say, or without the SwiftShader that is asked for
 */
export async function nodeRunner(target: NodeTarget, threads: number, adapter: Adapter): Promise<Runner> {
  const env = environmentOf(target, adapter);
  return watchedRunner((onStage) => forkBench(MODULES[target], threads, onStage, env));
}

function environmentOf(target: NodeTarget, adapter: Adapter): Record<string, string> {
  switch (target) {
    case 'node':
    case 'cuda':
    case 'threads':
      return {};
    case 'node-webgpu':
    case 'gpu-clock':
      return webGPUEnvironment(adapter);
    default:
      throw new Error(`no environment for ${target satisfies never}`);
  }
}

/** Names the Vulkan driver for npm's webgpu; with 'hardware' it takes those that the machine has. */
export function webGPUEnvironment(adapter: Adapter): Record<string, string> {
  switch (adapter) {
    case 'swiftshader':
      return { VK_ICD_FILENAMES: findSwiftShader() };
    case 'hardware':
      return {};
    default:
      throw new Error(`no environment for ${adapter satisfies never}`);
  }
}
