import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, howToGetChromium } from '../../../.ci/chromium.ts';
import { lacking } from '../../../.ci/requirements.ts';
import { launch } from '../src/chromium/launch.ts';
import { type BenchPage, openPage } from '../src/chromium/open-page.ts';
import { type Served, serve } from '../src/chromium/serve.ts';
import { specs } from '../src/families/specs.ts';
import type { Method } from '../src/method/method.ts';
import { forkBench } from '../src/runners/fork.ts';
import { watchedRunner } from '../src/runners/watched.ts';

const METHOD: Method = { rounds: 2, leastMs: 0, warmUpMs: 0, turnsMs: 1000, longestMs: 1000, limitMs: 3000 };
const SPEC = specs(['node']).find(({ id }) => id === 'node/llm/resident/float32/1x64')!;

/** Windows does not tell a process that killed itself from one that failed. */
const KILLED = process.platform === 'win32' ? 'status 1' : 'SIGKILL';

describe('in a process', () => {
  const module = new URL('./fixtures/troubled-process.mjs', import.meta.url);

  it('names peers that hang, wait for ever or end it, and times the others', async () => {
    const runner = await watchedRunner((onStage) => forkBench(module, 1, onStage));
    expect(runner.engine).toBe('a fixture');
    const { outcomes } = await runner.measure(SPEC, METHOD);
    const stopped = { status: 'unable', reason: 'stopped after 3 s without an end' };
    expect(outcomes).toMatchObject([
      { name: 'rmsnorm-wasm', status: 'timed' },
      { name: 'tfjs-cpu', ...stopped },
      { name: 'jax-wasm', ...stopped },
      { name: 'onnxruntime-node', status: 'unable', reason: `its process ended with ${KILLED}` },
      { name: 'plain-js', status: 'timed' },
    ]);
    await runner.close();
  });

  it('says so where it does not begin', async () => {
    const missing = new URL('./fixtures/no-such-process.mjs', import.meta.url);
    await expect(watchedRunner((onStage) => forkBench(missing, 1, onStage))).rejects.toThrow(
      'did not begin: its process ended with status 1',
    );
  });
});

describe('in a page', () => {
  let served: Served;
  beforeAll(async () => {
    if (chromiumPath) served = await serve();
  });
  afterAll(() => served?.close());

  it.for(['hang', 'crash'] as const)('names a peer that makes it %s, and times the others', async (how, { skip }) => {
    if (!chromiumPath) return lacking(skip, howToGetChromium);
    const browser = await launch('chromium', 'swiftshader');
    const pages: BenchPage[] = [];
    const runner = await watchedRunner(async (onStage) => {
      const page = await openPage(browser, served.url, 1, onStage);
      pages.push(page);
      if (pages.length === 1) await spoil(browser.contexts()[0]!.pages()[0]!, how);
      return {
        legend: {},
        engine: '',
        measure: ({ id }, method, without) => page.call('measure', 'chromium', id, method, without),
        ended: page.crashed,
        end: () => page.close(),
      };
    });
    const spec = specs(['chromium']).find(({ id }) => id === 'chromium/llm/resident/float32/1x64')!;
    const { outcomes } = await runner.measure(spec, { ...METHOD, limitMs: 20_000 });
    expect(pages).toHaveLength(2);
    const reason = how === 'hang' ? 'stopped after 1 s without an end' : 'the page crashed';
    const unable = outcomes.filter(({ status }) => status !== 'timed');
    expect(unable).toEqual([{ name: 'tfjs-cpu', status: 'unable', reason }]);
    await runner.close();
    await browser.close();
  });
});

/** From now on measuring comes to tfjs-cpu and no further. */
async function spoil(page: Page, how: 'hang' | 'crash'): Promise<void> {
  await page.exposeFunction('crash', () => void page.goto('chrome://crash').catch(() => {}));
  await page.evaluate((trouble) => {
    const { bench, enterStage, crash } = globalThis as unknown as Record<string, never> & {
      bench: Record<string, unknown>;
      enterStage: (stage: object) => Promise<void>;
      crash: () => Promise<void>;
    };
    bench.measure = async () => {
      await enterStage({ at: 'tfjs-cpu', atMostMs: trouble === 'hang' ? 1000 : 20_000 });
      if (trouble === 'crash') await crash();
      for (;;);
    };
  }, how);
}
