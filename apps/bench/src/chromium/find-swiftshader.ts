import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findChromium } from './find-chromium.ts';

/** The Vulkan driver of the environment, else Chromium's own in software. @throws Error, with the way out, where there is neither */
export function findSwiftShader(): string {
  const named = process.env.VK_ICD_FILENAMES;
  if (named) return named;
  // /usr/bin/chromium is a script of Debian's: the driver lies beside the program.
  const folders = [dirname(realpathSync(findChromium())), '/usr/lib/chromium', '/opt/google/chrome'];
  const found = folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find((path) => existsSync(path));
  if (found) return found;
  throw new Error(`no SwiftShader in ${folders.join(', ')}: set VK_ICD_FILENAMES to its .json, or --adapter hardware`);
}
