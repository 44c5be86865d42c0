import { type Browser, chromium } from 'playwright-core';
import type { PageTarget } from '../lineups/in-page.ts';
import { findChromium } from './find-chromium.ts';

/** What WebGPU runs on: SwiftShader, which computes on the processor of any machine, or a GPU. */
export type Adapter = 'swiftshader' | 'hardware';

/** Root needs --no-sandbox. The others keep Chromium off the network. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--enable-features=Vulkan'];

/** A headless Chromium for the target. */
export function launch(target: PageTarget, adapter: Adapter): Promise<Browser> {
  const gpu = target === 'chromium-webgpu';
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      ...FLAGS,
      ...(gpu ? WEBGPU_FLAGS : ['--disable-gpu']),
      ...(gpu && adapter === 'swiftshader' ? ['--use-webgpu-adapter=swiftshader'] : []),
    ],
  });
}
