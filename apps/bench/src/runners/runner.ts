import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Spec } from '../spec.ts';

/** Runs the workloads of one target. */
export interface Runner {
  /** The names of the candidates, and in words what they do. */
  readonly legend: Readonly<Record<string, string>>;
  /** What the figures depend on, beside this machine and Node, in words. */
  readonly engine: string;
  measure(spec: Spec, method: Method): Promise<WorkloadResult>;
  close(): Promise<void>;
}
