import type { PageTarget } from '../lineups/in-page.ts';
import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Spec } from '../spec.ts';
import type { Checked } from './check.ts';

/** What the page offers as globalThis.bench. */
export interface PageBench {
  /** The names of the target's candidates, and in words what they do. */
  legend(target: PageTarget): Promise<Record<string, string>>;
  /**
   * @param id the id of a workload of a page's target
   * @param without candidates that are left out, by name, and why
   */
  measure(
    target: PageTarget,
    id: string,
    method: Method,
    without: Readonly<Record<string, string>>,
  ): Promise<WorkloadResult>;
  /** Runs every candidate of a workload without a clock: for tests. */
  check(target: PageTarget, spec: Spec): Promise<Checked>;
  /** The adapter that this page is given, in words; null where there is none. */
  adapter(): Promise<string | null>;
}
