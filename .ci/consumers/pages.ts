import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumFlags, chromiumPath, howToGetChromium } from '../chromium.ts';
import type { Answer } from './consumer.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.css': 'text/css',
};

const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

/** What a page of a folder puts into `globalThis.answer`. */
export async function answersOf(
  folder: string,
  page: string,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, Answer>> {
  const server = createServer(async ({ url }, response) => {
    const path = normalize(decodeURIComponent(new URL(url!, 'http://localhost').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    try {
      const body = await readFile(file);
      response.writeHead(200, {
        'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
        ...ISOLATED,
        ...headers,
      });
      response.end(body);
    } catch {
      response.writeHead(404, ISOLATED).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await answersAt(`http://localhost:${(server.address() as AddressInfo).port}/${page}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const LONGEST_MS = 60_000;

/** What the page at an address puts into `globalThis.answer`. */
export async function answersAt(address: string): Promise<Record<string, Answer>> {
  if (!chromiumPath) throw new Error(howToGetChromium);
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
  try {
    const tab = await browser.newPage();
    const said: string[] = [];
    tab.on('pageerror', (error) => said.push(error.message));
    tab.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    await tab.goto(address);
    const answer = tab.evaluate(async (longest) => {
      const page = globalThis as { answer?: unknown };
      const pause = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, ms));
      const late = pause(longest);
      const asked = (async () => {
        while (!page.answer) await pause(100);
        return await page.answer;
      })();
      return await Promise.race([asked, late]);
    }, LONGEST_MS);
    const answers = (await answer.catch((error: Error) => said.push(error.message))) as Record<string, Answer>;
    if (typeof answers !== 'object') throw new Error(`${address} gave no answer: ${said.join('\n')}`);
    return answers;
  } finally {
    await browser.close();
  }
}
