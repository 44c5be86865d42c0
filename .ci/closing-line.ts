import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SerializedError } from 'vitest';
import type { TestCase, TestModule, TestModuleState, TestRunEndReason, TestSuite } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Whether a hook failed that the test waits for: Vitest then calls the test skipped, and we call it failed. */
function failedBefore(test: TestCase): boolean {
  for (let parent: TestSuite | TestModule = test.parent; ; parent = parent.parent) {
    if (parent.errors().length > 0) return true;
    if (parent.type === 'module') return false;
  }
}

function stateOf(test: TestCase): keyof Counts {
  const { state } = test.result();
  if (state === 'skipped') return failedBefore(test) ? 'failed' : 'skipped';
  return state === 'passed' ? 'passed' : 'failed';
}

/** Counts tests; what failed outside any test (a file that does not load, an unhandled error) counts as failed. */
function count(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const counts: Counts = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    const before = counts.failed;
    for (const test of module.children.allTests()) counts[stateOf(test)]++;
    if (module.state() === 'failed' && counts.failed === before) counts.failed++;
  }
  return counts;
}

/** What a run leaves for `pnpm test`, which adds up the packages. */
export interface Results extends Counts {
  /** Why tests were skipped, and how many. */
  reasons: [reason: string, number: number][];
  /** Milliseconds since 1970. */
  endedAt: number;
}

/** Why tests were skipped, and how many for the same reason: a backend that cannot run here skips hundreds. */
function skippedByReason(modules: readonly TestModule[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state !== 'skipped' || stateOf(test) !== 'skipped') continue;
      const reason = `${module.relativeModuleId}: ${result.note ?? 'no reason given'}`;
      numbers.set(reason, (numbers.get(reason) ?? 0) + 1);
    }
  }
  return numbers;
}

/** In the folder of the package whose task turbo runs, and in turbo's cache; null where Vitest was started otherwise. */
const resultsFile: string | null = process.env.TURBO_HASH ? resolve('build/tests.json') : null;

/** Vitest's own report without the passed tests of a failed file, then the reasons of what was skipped, then `N passed, N failed, N skipped`. */
export class ClosingLineReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandledErrors, reason);
    const skipped = [...skippedByReason(modules)];
    if (skipped.length > 0) {
      const lines = skipped.map(([reason, number]) => `  ${String(number).padStart(4)}  ${reason}`);
      this.log(['Skipped:', ...lines, ''].join('\n'));
    }
    const counts = count(modules, unhandledErrors.length);
    // At exit, because only then it is sure that nothing follows, and that the line agrees with the exit code.
    process.once('exit', (code) => {
      const failed = code === 0 ? counts.failed : Math.max(1, counts.failed);
      if (resultsFile) {
        const results: Results = { ...counts, failed, reasons: skipped, endedAt: Date.now() };
        mkdirSync(dirname(resultsFile), { recursive: true });
        writeFileSync(resultsFile, JSON.stringify(results));
      }
      process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
    });
  }

  protected override printTestCase(moduleState: TestModuleState, test: TestCase): void {
    const { state } = test.result();
    if (this.renderSucceed || state === 'failed' || (state === 'passed' && test.diagnostic()?.slow))
      super.printTestCase(moduleState, test);
  }
}
