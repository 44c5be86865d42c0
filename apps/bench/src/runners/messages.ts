import type { Stage } from '../measure.ts';
import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Without } from './watched.ts';

/** What the bench asks a process of its own. */
export interface Question {
  /** Of a workload. */
  readonly id: string;
  readonly method: Method;
  readonly without: Without;
}

/** What such a process says: once that it is ready, then of each question how far it is, and its end. */
export type Answer =
  | { readonly ready: { readonly legend: Readonly<Record<string, string>>; readonly engine: string } }
  | { readonly stage: Stage }
  | { readonly result: WorkloadResult }
  | { readonly error: string };
