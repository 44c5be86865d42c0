import { existsSync } from 'node:fs';

const candidates: (string | undefined)[] = [
  process.env.RMSNORM_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Where Chromium or Chrome is on this machine; null where there is none. */
export const chromiumPath: string | null = candidates.find((path) => path && existsSync(path)) ?? null;

export const howToGetChromium =
  'no Chromium found: install one (Debian: apt-get install chromium; or Google Chrome), or set RMSNORM_CHROMIUM to its path';

/**
 * Root needs --no-sandbox; WebGPU runs on Chromium's own driver in software, as there is a GPU on few machines; the others keep Chromium
 * from calling home, and its log free of what fails when it cannot.
 */
export const chromiumFlags: string[] = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
