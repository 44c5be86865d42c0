import type { SerializedError } from 'vitest';
import type { TestCase, TestModule, TestModuleState, TestRunEndReason } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts tests; what failed outside any test (a file that does not load, an unhandled error) counts as failed. */
function count(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const counts: Counts = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    let failedTests = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') counts.passed++;
      else if (state === 'skipped') counts.skipped++;
      else failedTests++;
    }
    counts.failed += module.state() === 'failed' ? Math.max(1, failedTests) : failedTests;
  }
  return counts;
}

/** Why tests were skipped, each reason once: a backend that cannot run here skips hundreds for the same one. */
function skippedByReason(modules: readonly TestModule[]): string[] {
  const reasons = new Map<string, TestCase[]>();
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state !== 'skipped') continue;
      const key = `${module.relativeModuleId}: ${result.note ?? 'no reason given'}`;
      const tests = reasons.get(key);
      if (tests) tests.push(test);
      else reasons.set(key, [test]);
    }
  }
  return [...reasons].map(([reason, tests]) => `  ${String(tests.length).padStart(4)}  ${reason}`);
}

/** Vitest's own report without the passed tests of a failed file, then the reasons of what was skipped, then `N passed, N failed, N skipped`. */
export class ClosingLineReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandledErrors, reason);
    const skipped = skippedByReason(modules);
    if (skipped.length > 0) this.log(['Skipped:', ...skipped, ''].join('\n'));
    const counts = count(modules, unhandledErrors.length);
    // At exit, because only then it is sure that nothing follows, and that the line agrees with the exit code.
    process.once('exit', (code) => {
      const failed = code === 0 ? counts.failed : Math.max(1, counts.failed);
      process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
    });
  }

  protected override printTestCase(moduleState: TestModuleState, test: TestCase): void {
    const { state } = test.result();
    if (this.renderSucceed || state === 'failed' || (state === 'passed' && test.diagnostic()?.slow))
      super.printTestCase(moduleState, test);
  }
}
