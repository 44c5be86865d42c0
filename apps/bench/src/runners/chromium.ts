import { type Adapter, launch } from '../chromium/launch.ts';
import { openPage } from '../chromium/open-page.ts';
import { serve } from '../chromium/serve.ts';
import type { PageTarget } from '../lineups/in-page.ts';
import type { Stage } from '../measure.ts';
import type { Runner } from './runner.ts';
import { type Bench, watchedRunner } from './watched.ts';

/** A page of Chromium. @throws Error where there is no Chromium, or it has no WebGPU and the target needs it */
export async function chromiumRunner(target: PageTarget, threads: number, adapter: Adapter): Promise<Runner> {
  const served = await serve();
  const browser = await launch(target, adapter).catch(async (error: unknown) => {
    await served.close();
    throw error;
  });
  const close = async (): Promise<void> => {
    await browser.close();
    await served.close();
  };
  const open = async (onStage: (stage: Stage) => void): Promise<Bench> => {
    const page = await openPage(browser, served.url, threads, onStage);
    const device = target === 'chromium-webgpu' ? await page.call('adapter') : null;
    if (target === 'chromium-webgpu' && device === null) throw new Error('Chromium found no WebGPU adapter');
    return {
      legend: await page.call('legend', target),
      engine: `Chromium ${browser.version()}${device === null ? '' : `, ${device}`}`,
      measure: ({ id }, method, without) => page.call('measure', target, id, method, without),
      ended: page.crashed,
      end: () => page.close(),
    };
  };
  const runner = await watchedRunner(open).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  let family: string | undefined;
  return {
    ...runner,
    async measure(spec, method) {
      // The memory of a page only grows: each family begins with a new page.
      if (family !== undefined && family !== spec.family) await runner.renew();
      family = spec.family;
      return runner.measure(spec, method);
    },
    close,
  };
}
