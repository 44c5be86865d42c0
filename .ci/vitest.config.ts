import { availableParallelism } from 'node:os';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { chromiumFlags, chromiumPath } from './chromium.ts';
import { ClosingLineReporter } from './closing-line.ts';
import { vulkanDriver } from './swiftshader.ts';

const root = new URL('..', import.meta.url).pathname;
const browserTests = ['{packages,apps}/*/{src,test}/**/*.browser.test.ts'];
const halfTests = [
  'packages/webgpu/test/conformance-fused.browser.test.ts',
  'packages/wasm/test/{conformance,worker}.browser.test.ts',
];
const isolatedTests = ['{packages,apps}/*/{src,test}/**/*.isolated.browser.test.ts'];
const ignored = ['**/node_modules/**', '**/dist/**', '**/fixtures/**'];

/** Vitest would leave one core idle, and thus half of a small machine. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

const node: TestProjectConfiguration = {
  root,
  test: {
    name: 'node',
    include: ['{packages,apps}/*/{src,test}/**/*.test.ts'],
    exclude: [...ignored, ...browserTests],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers,
    env: vulkanDriver,
    sequence: { groupOrder: 0 },
  },
};

/** Tests in pages. Vitest changes what it is given, so that each project needs objects of its own. */
function inPages(
  name: string,
  include: string[],
  exclude: string[],
  headers: Record<string, string>,
): TestProjectConfiguration {
  return {
    root,
    server: { headers },
    test: {
      name,
      include,
      exclude: [...ignored, ...exclude],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      maxWorkers,
      sequence: { groupOrder: 1 },
      // A page sees of the environment only what is handed to it.
      env: { RMSNORM_REQUIRE: process.env.RMSNORM_REQUIRE ?? '' },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { ...(chromiumPath && { executablePath: chromiumPath }), args: chromiumFlags },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  };
}

const browser = inPages('browser', browserTests, [...isolatedTests, ...halfTests], {});

// One half of WebGPU's suite in a Chromium of its own: each has one GPU process, which keeps one core busy. WASM's goes with
// it, so that both take about as long.
const half = inPages('browser, half of WebGPU', halfTests, [], {});

// Pages that are cross-origin isolated, which shared memory needs.
const isolated = inPages('isolated', isolatedTests, [], {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
});

// Where there is no Chromium, each browser test file is one skipped test that says how to get it.
const withoutBrowser: TestProjectConfiguration = {
  root,
  test: { name: 'browser', include: ['.ci/without-chromium.test.ts'], sequence: { groupOrder: 1 } },
};

// Lint, packed packages and the like: after the code's own tests, for they use both cores themselves.
const checks: TestProjectConfiguration = {
  root,
  test: {
    name: 'checks',
    include: ['.ci/checks/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    sequence: { groupOrder: 2 },
  },
};

export default defineConfig({
  root,
  test: {
    projects: [node, ...(chromiumPath ? [browser, half, isolated] : [withoutBrowser]), checks],
    reporters: [new ClosingLineReporter()],
    // Conformance cases may take a second; only what is slower than that is worth a line of its own.
    slowTestThreshold: 10_000,
    env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  },
});
