import type { FloatDType, Guarantee, RMSNormOptions } from '@rmsnorm/core';

/** A call as data, from which a case is made and its coverage derived. */
export interface PlannedCall {
  /** A name in SUBJECTS of plan/subjects.ts. */
  readonly subject: string;
  readonly spec: AnySpec;
  /** Where its results go, and which inputs are one tensor: see plan/place.ts. */
  readonly place: string;
}

/** The spec of any operation, as far as all have the same; its distributions are known to the operation's model alone. */
export interface AnySpec {
  readonly shape: readonly number[];
  readonly options: Omit<RMSNormOptions, 'affine' | 'bias'>;
  readonly dtype?: FloatDType;
  readonly rstd?: boolean;
  readonly promises?: readonly Guarantee[];
  readonly [operand: string]: unknown;
}
