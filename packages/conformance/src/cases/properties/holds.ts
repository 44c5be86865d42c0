import fc from 'fast-check';
import type { Subject } from '../../case/case.ts';
import { ConformanceFailure } from '../../case/failure.ts';

/** Runs a property. Where it does not hold, the case fails with the smallest counterexample that fast-check finds. */
export async function holds<T>(subject: Subject, property: fc.IAsyncProperty<T>, numRuns: number): Promise<void> {
  const details = await fc.check(property, { seed: subject.random.bits() | 0, numRuns });
  if (!details.failed) return;
  const { counterexample, errorInstance, numShrinks, seed } = details;
  const found = `with ${show(counterexample)} (shrunk ${numShrinks} times, fast-check seed ${seed})`;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  if (errorInstance instanceof ConformanceFailure) throw new ConformanceFailure(`${message}; ${found}`);
  throw new Error(`${message}; ${found}`, { cause: errorInstance });
}

function show(counterexample: unknown): string {
  return JSON.stringify(counterexample, (key, value: unknown) => (key === 'lookAt' ? undefined : value));
}
