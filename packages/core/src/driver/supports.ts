import type { FloatDType } from '../values/dtype.ts';
import type { Op } from './io.ts';

export const FEATURES = ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'] as const;

/**
 * What a driver may leave out; a call that needs a feature that is not named throws UNSUPPORTED. Not to be mixed up with
 * the features of a tensor, which are the elements of `dim`.
 */
export type Feature = (typeof FEATURES)[number];

/** Those that one value of an option needs: EPS_MODES and CASTINGS say which. */
export type FeatureOfValue = 'clamp' | 'llama';

export const GUARANTEES = ['extremes', 'nonFinite', 'subnormals', 'invariance'] as const;

/**
 * A promise on the results that a driver may decline, listed in {@link Supports.promises}. The conformance suite checks
 * those that are listed, and reports the others as not declared.
 */
export type Guarantee = (typeof GUARANTEES)[number];

export const ACCURACIES = ['ieee', 'webgpu', 'loose'] as const;

/**
 * The class of accuracy that a driver declares. The README of @rmsnorm/conformance has the bounds of each, under
 * Accuracy.
 */
export type Accuracy = (typeof ACCURACIES)[number];

/** What a driver can do. List literals, not core's lists, so that later additions are not claimed. */
export interface Supports {
  readonly ops: readonly Op[];
  readonly dtypes: readonly FloatDType[];
  readonly accuracy: Accuracy;
  readonly features: readonly Feature[];
  readonly promises: readonly Guarantee[];
  /** Where one operation can less than the rest. */
  readonly limits?: Readonly<
    Partial<Record<Op, { readonly features?: readonly Feature[]; readonly dtypes?: readonly FloatDType[] }>>
  >;
}
