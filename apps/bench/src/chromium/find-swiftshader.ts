import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findChromium } from './find-chromium.ts';

/**
 * The Vulkan driver of the environment, else Chromium's SwiftShader. @throws Error, which says what to do, without
 * either
 */
export function findSwiftShader(): string {
  const named = process.env.VK_ICD_FILENAMES;
  if (named) return named;
  // The driver is beside the program, which Debian's /usr/bin/chromium, a script, is not.
  const folders = [dirname(realpathSync(findChromium())), '/usr/lib/chromium', '/opt/google/chrome'];
  const found = folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find((path) => existsSync(path));
  if (found) return found;
  throw new Error(`no SwiftShader in ${folders.join(', ')}: set VK_ICD_FILENAMES to its .json, or --adapter hardware`);
}
