import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { chromiumFlags, chromiumPath } from './.ci/chromium.ts';
import { ClosingLineReporter } from './.ci/closing-line.ts';
import { LongestFirst } from './.ci/longest-first.ts';
import { vulkanDriver } from './.ci/swiftshader.ts';

// A project for each package and environment: `--project wasm` is what of wasm runs in Node, `--project 'wasm*'` all of it.

const root = fileURLToPath(new URL('.', import.meta.url));
const IGNORED = ['**/node_modules/**', '**/dist/**', '**/fixtures/**'];
const ISOLATED = '**/*.isolated.browser.test.ts';

/** What repeats, in another environment, what other tests cover: it runs in .ci/run alone, which sets RMSNORM_WHOLE. */
const REPEATING = process.env.RMSNORM_WHOLE === '1' ? [] : ['**/*.whole.*test.ts'];

const common = {
  // A conformance case may take a second on SwiftShader, and many times that beside other tests.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Vitest would leave one core idle, and thus half of a small machine.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};

function inNode(name: string, include: string[]): TestProjectConfiguration {
  return {
    root,
    test: {
      ...common,
      name,
      include,
      exclude: [...IGNORED, ...REPEATING, '**/*.browser.test.ts'],
      env: vulkanDriver,
    },
  };
}

/** Vitest changes what it is given, so each project needs objects of its own. */
function inPages(name: string, include: string[], exclude: string[], headers = {}): TestProjectConfiguration {
  // Where there is no Chromium, each file is one skipped test that says how to get it.
  if (!chromiumPath)
    return { root, test: { name, include: ['.ci/without-chromium.test.ts'], env: { RMSNORM_PROJECT: name } } };
  return {
    root,
    server: { headers },
    test: {
      ...common,
      name,
      include,
      exclude: [...IGNORED, ...REPEATING, ...exclude],
      sequence: { groupOrder: 1 },
      // A page sees of the environment only what is handed to it.
      env: { RMSNORM_REQUIRE: process.env.RMSNORM_REQUIRE ?? '', RMSNORM_WHOLE: process.env.RMSNORM_WHOLE ?? '' },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: { executablePath: chromiumPath, args: chromiumFlags } }),
        instances: [{ browser: 'chromium' }],
      },
    },
  };
}

/** What runs in Node: the tests of each package. */
const packages = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(new URL(parent, import.meta.url)).map((name) =>
    inNode(name, [`${parent}/${name}/{src,test}/**/*.test.ts`]),
  ),
);

const browserTests = (name: string): string[] => [`packages/${name}/{src,test}/**/*.browser.test.ts`];

const pages = [
  inPages('conformance in pages', browserTests('conformance'), []),
  inPages('wasm in pages', browserTests('wasm'), [ISOLATED]),
  inPages('webgpu in pages', browserTests('webgpu'), []),
  // Shared memory needs a page that is cross-origin isolated.
  inPages('wasm in isolated pages', [`packages/wasm/{src,test}/${ISOLATED}`], [], {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  }),
];

/** Lint, packed packages and the like. */
const checks: TestProjectConfiguration = {
  root,
  test: {
    name: 'checks',
    include: ['.ci/{checks,release,api}/**/*.test.ts'],
    exclude: REPEATING,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    sequence: { groupOrder: 2 },
  },
};

export default defineConfig({
  root,
  test: {
    projects: [...packages, ...pages, checks],
    reporters: [new ClosingLineReporter()],
    sequence: { sequencer: LongestFirst },
    // Only what is slower is worth a line of its own.
    slowTestThreshold: 10_000,
    env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  },
});
