// What the bench calls in a page of Chromium, as globalThis.bench.

import { THREADS } from './threads.ts';
import './binaries.ts';
import { specs } from '../families.ts';
import { lineupOf } from '../lineups/in-page.ts';
import { legendOf } from '../lineups/lineup.ts';
import { measure, type Stage } from '../measure.ts';
import { makeWorkload } from '../workload.ts';
import type { PageBench } from './bench.ts';
import { check } from './check.ts';

const bench: PageBench = {
  legend: async (target) => legendOf(await lineupOf(target)),

  async measure(id, method, without) {
    const spec = specs(['chromium', 'chromium-webgpu'], { threads: THREADS, adapter: 'hardware' }).find(
      (each) => each.id === id,
    );
    if (!spec) throw new Error(`no workload of a page is ${id}`);
    const lineup = await lineupOf(spec.target);
    const cpuClock = spec.target === 'chromium' ? rendererMs : null;
    return measure(makeWorkload(spec), lineup(spec), method, { cpuClock, onStage: enterStage, without });
  },

  check,

  async adapter() {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) return null;
    const { vendor, architecture, device, description } = adapter.info;
    return [vendor, architecture, device, description].filter(Boolean).join(' ');
  },
};

/** Given to the page by src/chromium: processor time of this page's process. */
declare function rendererMs(): Promise<number>;

/** Given to the page too: comes back when the bench has heard it, whatever the page does next. */
declare function enterStage(stage: Stage): Promise<void>;

Reflect.set(globalThis, 'bench', bench);
