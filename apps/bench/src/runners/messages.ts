import type { Stage } from '../measure.ts';
import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Excluded } from './watched.ts';

/** What the bench asks of a child process that measures. */
export interface MeasureRequest {
  /** The id of a workload. */
  readonly id: string;
  readonly method: Method;
  readonly without: Excluded;
}

/** What the child sends: `ready` or an error once; then for each request its stages, and a result or an error. */
export type ChildMessage =
  | { readonly ready: { readonly legend: Readonly<Record<string, string>>; readonly engine: string } }
  | { readonly stage: Stage }
  | { readonly result: WorkloadResult }
  | { readonly error: string };
