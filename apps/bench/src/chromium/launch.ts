import { type Browser, chromium } from 'playwright-core';
import type { Target } from '../spec.ts';
import { findChromium } from './find-chromium.ts';

/** SwiftShader runs everywhere, on the processor; the machine's own GPU where there is one. */
export type Adapter = 'swiftshader' | 'hardware';

/** Root needs --no-sandbox; the others keep Chromium from calling home. */
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
export function launch(target: Target, adapter: Adapter): Promise<Browser> {
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
