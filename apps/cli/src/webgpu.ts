import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BackendProvider, ProbeResult } from '@rmsnorm/core';
import type { GPULike } from '@rmsnorm/webgpu';
import { absent } from './absent.ts';
import { missingAddition } from './addition.ts';

// One for the whole process. Each would load the driver again; and Dawn crashes where it is collected before its devices.
let gpu: Promise<GPULike> | undefined;

/**
 * WebGPU in this Node, on the Vulkan driver of the environment. It loads npm's `webgpu`, which has 132 MB and is added by
 * those who want it.
 * @param software whether an adapter that computes on the processor will do
 * @throws Error where npm's webgpu does not load
 */
export async function webgpuProvider(software: boolean): Promise<BackendProvider> {
  const { webgpu } = await import('@rmsnorm/webgpu');
  if ((globalThis as { navigator?: { gpu?: unknown } }).navigator?.gpu) return webgpu({ software });
  const missing = missingAddition('webgpu');
  if (missing) return absent('webgpu', missing);
  if (process.platform === 'linux' && !vulkanDriver()) return absent('webgpu', NO_DRIVER);
  gpu ??= import('webgpu').then(({ create }) => create([]));
  const found = await gpu.catch((cause: Error) => {
    throw new Error(`the npm package webgpu does not load: install it again (${cause.message.split('\n')[0]})`, {
      cause,
    });
  });
  return webgpu({ gpu: found, software });
}

const NO_DRIVER: ProbeResult & { ok: false } = {
  ok: false,
  code: 'NO_ADAPTER',
  reason: 'no Vulkan driver found',
  hint: "install your GPU's, or let VK_ICD_FILENAMES name the .json of one (Chromium's in software: vk_swiftshader_icd.json)",
};

/** Whether there is a driver for the Vulkan loader. Where there is none, Dawn would complain on stderr. */
function vulkanDriver(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, VK_ADD_DRIVER_FILES, XDG_DATA_HOME, XDG_DATA_DIRS, XDG_CONFIG_DIRS } =
    process.env;
  if (VK_ICD_FILENAMES || VK_DRIVER_FILES || VK_ADD_DRIVER_FILES) return true;
  const folders = [
    ...(XDG_CONFIG_DIRS || '/etc/xdg').split(':'),
    ...[XDG_DATA_HOME || join(homedir(), '.local/share'), '/etc', '/usr/local/etc'],
    ...(XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':'),
  ];
  return folders.some((folder) => {
    try {
      return readdirSync(join(folder, 'vulkan/icd.d')).some((file) => file.endsWith('.json'));
    } catch {
      return false;
    }
  });
}
