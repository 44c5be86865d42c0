import type { FloatDType } from '../values/dtype.ts';
import type { Op } from './io.ts';

export const FEATURES = ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'] as const;

/** What a driver may leave out; a call that needs a feature that is not named throws UNSUPPORTED. */
export type Feature = (typeof FEATURES)[number];

/** Those that one value of an option needs: EPS_MODES and CASTINGS say which. */
export type FeatureOfValue = 'clamp' | 'llama';

export const GUARANTEES = ['extremes', 'nonFinite', 'subnormals', 'invariance'] as const;

/** What a driver may decline to promise; a promise that is not named is not checked, and the report says so. */
export type Guarantee = (typeof GUARANTEES)[number];

export const ACCURACIES = ['ieee', 'webgpu', 'loose'] as const;

/** The class of accuracy (contract, section 2) that a driver declares; the bounds belong to the class. */
export type Accuracy = (typeof ACCURACIES)[number];

/** What a driver can do: literals of its own, so that what core gains later is not claimed for it. */
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
