import { existsSync } from 'node:fs';

const PATHS: readonly (string | undefined)[] = [
  process.env.RMSNORM_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The path of a Chromium or Chrome. @throws Error, which says how to get one, where this machine has none */
export function findChromium(): string {
  const found = PATHS.find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error(
    'no Chromium found: install one (Debian: apt-get install chromium), set RMSNORM_CHROMIUM to its path, or --target node',
  );
}
