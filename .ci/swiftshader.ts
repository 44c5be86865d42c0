import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromiumPath } from './chromium.ts';

const NAME = 'vk_swiftshader_icd.json';

/**
 * Folders where Chromium keeps its Vulkan driver in software: beside its program, which is not what Debian's /usr/bin/chromium is. Of
 * Linux, as WebGPU in Node has another way to the GPU on other systems.
 */
const folders: string[] =
  chromiumPath && process.platform === 'linux'
    ? [dirname(realpathSync(chromiumPath)), '/usr/lib/chromium', '/opt/google/chrome']
    : [];

/** Chromium's Vulkan driver in software, SwiftShader, which serves WebGPU in Node too; null where there is none. */
export const swiftShader: string | null =
  folders.map((dir) => join(dir, NAME)).find((path) => existsSync(path)) ?? null;

/**
 * The Vulkan driver of tests in Node: the one that the environment names, else SwiftShader, whose bits are the same everywhere.
 * Without Mesa's layer that chooses among devices: where there is no desktop it complains on stderr, which tests read.
 */
export const vulkanDriver: Record<string, string> = {
  NODEVICE_SELECT: '1',
  ...(process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES || !swiftShader
    ? {}
    : { VK_ICD_FILENAMES: swiftShader }),
};
