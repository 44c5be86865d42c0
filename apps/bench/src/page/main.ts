// What the bench calls in a page of Chromium, as globalThis.bench.

import { THREADS } from './threads.ts';
import './binaries.ts';
import { inWords } from '../candidates/gpu-device.ts';
import { specs } from '../families/specs.ts';
import { lineupOf } from '../lineups/in-page.ts';
import { legendOf } from '../lineups/lineup.ts';
import { measure, type Stage } from '../measure.ts';
import { makeWorkload } from '../workload.ts';
import type { PageBench } from './bench.ts';
import { check } from './check.ts';

const bench: PageBench = {
  legend: async (target) => legendOf(await lineupOf(target)),

  async measure(target, id, method, without) {
    const spec = specs([target], { threads: THREADS, adapter: 'hardware' }).find((each) => each.id === id);
    if (!spec) throw new Error(`no workload of ${target} is ${id}`);
    const lineup = await lineupOf(target);
    const cpuClock = target === 'chromium' ? rendererMs : null;
    return measure(makeWorkload(spec), lineup(spec), method, { cpuClock, onStage: enterStage, without });
  },

  check,

  async adapter() {
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter ? inWords(adapter.info) : null;
  },
};

/** Given to the page by src/chromium: processor time of this page's process, in milliseconds. */
declare function rendererMs(): Promise<number>;

/** Given to the page too. Its promise settles when the bench has heard of the stage, whatever the page does next. */
declare function enterStage(stage: Stage): Promise<void>;

Reflect.set(globalThis, 'bench', bench);
