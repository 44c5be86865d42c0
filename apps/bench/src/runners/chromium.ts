import { type Adapter, launch } from '../chromium/launch.ts';
import { type BenchPage, openPage } from '../chromium/open-page.ts';
import { serve } from '../chromium/serve.ts';
import type { Target } from '../spec.ts';
import type { Runner } from './runner.ts';

/** @throws Error where there is no Chromium, or it has no WebGPU and should have */
export async function chromiumRunner(target: Target, threads: number, adapter: Adapter): Promise<Runner> {
  const served = await serve();
  const browser = await launch(target, adapter).catch(async (error: unknown) => {
    await served.close();
    throw error;
  });
  const open = (): Promise<BenchPage> => openPage(browser, served.url, threads);
  let page = await open();
  let family: string | undefined;
  const device = target === 'chromium-webgpu' ? await page.call('adapter') : null;
  if (target === 'chromium-webgpu' && device === null) throw new Error('Chromium found no WebGPU adapter');
  return {
    legend: await page.call('legend', target),
    engine: `Chromium ${browser.version()}${device === null ? '' : `, ${device}`}`,
    async measure(spec, method) {
      // A page's memory only grows: each family starts with a fresh one.
      if (family !== undefined && family !== spec.family) {
        await page.close();
        page = await open();
      }
      family = spec.family;
      return page.call('measure', spec.id, method);
    },
    async close() {
      await browser.close();
      await served.close();
    },
  };
}
