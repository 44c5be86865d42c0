import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Adapter } from '../chromium/launch.ts';
import type { WebGPUCalls } from '../results.ts';
import { webGPUEnvironment } from '../runners/node.ts';

/**
 * What a steady call of each operation costs on the processor, in our JavaScript and with Dawn's part; the device's own time is
 * not in it. In a child process, whose environment names the Vulkan driver.
 * @throws Error where that process ends without a result; what it printed stands on stderr
 */
export async function measureWebGPUCalls(adapter: Adapter, rounds: number): Promise<WebGPUCalls> {
  const child = fork(new URL('./webgpu-process.js', import.meta.url), [String(rounds)], {
    env: { ...process.env, ...webGPUEnvironment(adapter) },
    serialization: 'advanced',
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`its process ended with ${signal ?? `status ${code}`}`);
  });
  const [calls] = await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {});
  return calls as WebGPUCalls;
}
