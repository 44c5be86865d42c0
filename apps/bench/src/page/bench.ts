import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Spec, Target } from '../spec.ts';
import type { Checked } from './check.ts';

/** What the page offers as globalThis.bench. */
export interface PageBench {
  /** Names and words of the target's candidates. */
  legend(target: Target): Promise<Record<string, string>>;
  /**
   * @param id of a workload of one of the page's targets
   * @param without who is left out, and why
   */
  measure(id: string, method: Method, without: Readonly<Record<string, string>>): Promise<WorkloadResult>;
  /** Every candidate of a workload, without a clock: for tests. */
  check(spec: Spec): Promise<Checked>;
  /** The adapter that this page is given, in words; null where there is none. */
  adapter(): Promise<string | null>;
}
