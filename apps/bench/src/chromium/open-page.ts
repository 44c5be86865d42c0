import type { Browser, Page } from 'playwright-core';
import type { Stage } from '../measure.ts';
import type { PageBench } from '../page/bench.ts';

export interface BenchPage {
  /** Calls a function of the page's globalThis.bench. */
  call<Name extends keyof PageBench>(
    name: Name,
    ...args: Parameters<PageBench[Name]>
  ): Promise<Awaited<ReturnType<PageBench[Name]>>>;
  /** Settles where the page crashes. A call that was under way then never settles. */
  readonly crashed: Promise<string>;
  /** Works also where the page hangs. */
  close(): Promise<void>;
}

/** Opens and loads the page at `url`. @throws Error where it does not load, or is not cross-origin isolated */
export async function openPage(
  browser: Browser,
  url: string,
  threads: number,
  onStage: (stage: Stage) => void = () => {},
): Promise<BenchPage> {
  const page = await browser.newPage();
  const crashed = new Promise<string>((resolve) => page.once('crash', () => resolve('the page crashed')));
  const errors: Error[] = [];
  page.on('pageerror', (error) => errors.push(error));
  await exposeRendererMs(browser, page);
  await page.exposeFunction('enterStage', onStage);
  await page.goto(`${url}?threads=${threads}`);
  await page
    .waitForFunction(() => 'bench' in globalThis, null, { timeout: 60_000 })
    .catch((cause: unknown) => {
      throw new Error(`the page did not load: ${errors.map(({ message }) => message).join('; ')}`, { cause });
    });
  if (!(await page.evaluate(() => globalThis.crossOriginIsolated))) throw new Error('the page is not isolated');
  return {
    call: (name, ...args) => {
      const call = page.evaluate(
        ([method, values]) => {
          const { bench } = globalThis as unknown as { bench: Record<string, (...all: unknown[]) => unknown> };
          return bench[method]!(...values);
        },
        [name, args] as [string, unknown[]],
      );
      return call.catch((error: Error) => {
        if (/crashed/.test(error.message)) return new Promise(() => {});
        throw error;
      }) as never;
    },
    crashed,
    close: () => page.close(),
  };
}

/** Gives the page `rendererMs`: the processor time of Chromium's pages, in milliseconds. Ours is the only one. */
async function exposeRendererMs(browser: Browser, page: Page): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  await page.exposeFunction('rendererMs', async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer');
    return renderers.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
  });
}
