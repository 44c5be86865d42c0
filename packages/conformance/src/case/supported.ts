import type { Feature, FloatDType, Op, Supports } from '@rmsnorm/core';
import type { Requirements } from './case.ts';

/** The dtypes that `op` takes: those in `limits` where one operation has fewer than the rest. */
export function dtypesOf(supports: Supports, op: Op): readonly FloatDType[] {
  return supports.limits?.[op]?.dtypes ?? supports.dtypes;
}

/** The features that `op` has. */
export function featuresOf(supports: Supports, op: Op): readonly Feature[] {
  return supports.limits?.[op]?.features ?? supports.features;
}

/** What of `requires` the backend does not declare, in words; empty where the case applies. */
export function undeclared(supports: Supports, requires: Requirements): string[] {
  const { op = 'forward', dtypes = [], features = [], promises = [] } = requires;
  return [
    ...(requires.op === undefined || supports.ops.includes(op) ? [] : [`operation ${op}`]),
    ...missing(dtypes, dtypesOf(supports, op)).map((dtype) => `dtype ${dtype}`),
    ...missing(features, featuresOf(supports, op)).map((feature) => `feature ${feature}`),
    ...missing(promises, supports.promises).map((promise) => `promise ${promise}`),
  ];
}

function missing<T>(wanted: readonly T[], declared: readonly T[]): T[] {
  return wanted.filter((item) => !declared.includes(item));
}
