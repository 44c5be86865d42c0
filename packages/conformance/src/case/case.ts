import type { Backend, BackendProvider, Feature, FloatDType, Guarantee, Op } from '@rmsnorm/core';
import type { Random } from '../inputs/random.ts';
import type { Depth } from './depth.ts';
import type { PlannedCall } from './planned-call.ts';

/** What a backend must declare for a case to apply to it; where it does not, the case is skipped and says so. */
export interface Requirements {
  readonly op?: Op;
  readonly dtypes?: readonly FloatDType[];
  readonly features?: readonly Feature[];
  readonly promises?: readonly Guarantee[];
}

/** What a case works on. */
export interface Subject {
  readonly backend: Backend;
  /** For cases that start, or end, a backend of their own. */
  readonly provider: BackendProvider;
  /** Seeded by the run's seed and the case's id: the same inputs whichever other cases run. */
  readonly random: Random;
}

/** One thing that the contract promises, and the check of it. Cases know no backend: the list is the same for all. */
export interface Case {
  /**
   * `<operation>/<family>:<parameters>`, stable between releases: `forward/values:dtype=float16,shape=2x4096`.
   * Families that belong to no operation begin with `backend/` or `supports/`.
   */
  readonly id: string;
  readonly requires: Requirements;
  /** From which depth on it runs; unless given, the rules of plan/depth.ts say so. */
  readonly depth?: Depth;
  /** The call that it makes, where it is about one call: what the plan's coverage is derived from. */
  readonly call?: PlannedCall;
  /**
   * Resolves where the promise holds, throws where it does not, throws a {@link NotApplicable} where the backend turns
   * out not to offer what the case is about. Disposes all tensors that it makes.
   */
  run(subject: Subject): Promise<void>;
}

/** Thrown by a case to be skipped, with the reason. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}
