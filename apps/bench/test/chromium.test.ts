import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chromiumPath, howToGetChromium } from '../../../.ci/chromium.ts';
import { lacking } from '../../../.ci/requirements.ts';
import { launch } from '../src/chromium/launch.ts';
import { type BenchPage, openPage } from '../src/chromium/open-page.ts';
import { type Served, serve } from '../src/chromium/serve.ts';
import { smallSpecs, unableAnywhere } from './small-specs.ts';

// SwiftShader compiles a shader in a second on a busy machine, and each peer has many.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe.each(['chromium', 'chromium-webgpu'] as const)('%s, the page that pnpm build made', (target) => {
  let served: Served;
  let browser: Browser;
  let page: BenchPage;

  beforeAll(async () => {
    if (!chromiumPath) return;
    served = await serve();
    browser = await launch(target, 'swiftshader');
    page = await openPage(browser, served.url, 1);
  });

  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  it('names everybody who runs', async ({ skip }) => {
    if (!chromiumPath) return lacking(skip, howToGetChromium);
    const names = Object.keys(await page.call('legend', target));
    const some = {
      chromium: ['rmsnorm-wasm', 'jax-wasm', 'array-set'],
      'chromium-webgpu': ['rmsnorm-webgpu', 'wgsl-copy'],
    };
    expect(names).toEqual(expect.arrayContaining(some[target]));
  });

  it.each(smallSpecs(target).map((spec) => [spec.id, spec] as const))('%s: all are right', async (_, spec) => {
    if (!chromiumPath) return; // said above
    const checked = await page.call('check', target, spec);
    expect(Object.keys(checked).length).toBeGreaterThan(5);
    for (const [name, outcome] of Object.entries(checked)) {
      const known = unableAnywhere(name, spec.op);
      expect
        .soft({ name, ...outcome })
        .toEqual({ name, ...(known ? { unable: expect.any(String) } : { mistake: null }) });
    }
  });

  it('gives everybody two threads where they may have two', async ({ skip }) => {
    if (!chromiumPath) return lacking(skip, howToGetChromium);
    const two = await openPage(browser, served.url, 2);
    const checked = await two.call('check', target, { ...smallSpecs(target)[0]!, threads: 2 });
    for (const name of Object.keys(checked)) expect.soft({ name, ...checked[name] }).toEqual({ name, mistake: null });
    await two.close();
  });

  it('has a WebGPU adapter where it is to, and says which', async ({ skip }) => {
    if (!chromiumPath) return lacking(skip, howToGetChromium);
    const adapter = target === 'chromium-webgpu' ? expect.stringContaining('swiftshader') : null;
    expect(await page.call('adapter')).toEqual(adapter);
  });
});
