import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { expect } from 'vitest';
import { chromiumFlags, chromiumPath } from '../../../.ci/chromium.ts';

/** A user's project: what is installed, and what is written in it. */
interface Project {
  /** Where each package is installed, by its name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Modules, each with a page of its own: `page` is page.html. */
  readonly pages: Readonly<Record<string, string>>;
  /** Other sources, by path. */
  readonly sources?: Readonly<Record<string, string>>;
  /** What Vite leaves as it is, by path. */
  readonly plain?: Readonly<Record<string, string | Uint8Array>>;
}

/** A project that Vite built, served, and a browser. */
export interface Site {
  /**
   * What `read` gives in a page, once it is something: its `globalThis.result` unless given. Whatever fails there fails.
   * @param missing an address whose first request is answered by 404
   */
  resultOf(page: string, read?: () => unknown, missing?: RegExp): Promise<unknown>;
  close(): Promise<void>;
}

export const HEAD = '<!doctype html><link rel="icon" href="data:,">';

export async function siteOf({ packages, pages, sources = {}, plain = {} }: Project): Promise<Site> {
  const root = realpathSync.native(mkdtempSync(join(tmpdir(), 'rmsnorm-readme-')));
  const write = (path: string, contents: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
  };
  for (const [name, path] of Object.entries(packages)) {
    // Windows lets anybody make junctions, and links to folders not; elsewhere the two are one.
    mkdirSync(join(root, 'node_modules', dirname(name)), { recursive: true });
    symlinkSync(realpathSync(path), join(root, 'node_modules', name), 'junction');
  }
  for (const [name, code] of Object.entries(pages)) {
    write(`${name}.js`, code);
    write(`${name}.html`, `${HEAD}<script type="module" src="./${name}.js"></script>`);
  }
  for (const [path, code] of Object.entries(sources)) write(path, code);
  for (const [path, contents] of Object.entries(plain)) write(join('public', path), contents);

  const project = { root, configFile: false, logLevel: 'error' } as const;
  const input = Object.keys(pages).map((name) => join(root, `${name}.html`));
  await build({ ...project, build: { rolldownOptions: { input } } });
  symlinkSync(join(root, 'node_modules'), join(root, 'dist/node_modules'), 'junction');
  const server = await preview({ ...project, preview: { host: 'localhost', port: 0 } });
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: chromiumFlags });

  return {
    resultOf: async (page, read = () => (globalThis as unknown as { result: unknown }).result, missing) => {
      const tab = await browser.newPage();
      const failures: string[] = [];
      if (missing) await tab.route(missing, (route) => route.fulfill({ status: 404 }), { times: 1 });
      tab.on('pageerror', (error) => failures.push(String(error)));
      tab.on('console', (message) => {
        if (message.type() !== 'error') return;
        if (!missing?.test(message.location().url)) failures.push(message.text());
      });
      await tab.goto(`${server.resolvedUrls!.local[0]}${page}.html`);
      const result = await tab.waitForFunction(read, undefined, { timeout: 30_000 }).catch((error) => {
        throw new Error(`the page gave no result: ${failures.join('\n') || error}`);
      });
      expect(failures).toEqual([]);
      const value = await result.jsonValue();
      await tab.close();
      return value;
    },
    close: async () => {
      await browser.close();
      await server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
