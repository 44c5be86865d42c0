import type { Driver } from '../driver/driver.ts';
import type { Op } from '../driver/io.ts';
import { OPS } from '../driver/operations.ts';
import { CASTINGS, EPS_MODES, type Problem } from '../driver/problem.ts';
import {
  ACCURACIES,
  FEATURES,
  type Feature,
  type FeatureOfValue,
  GUARANTEES,
  type Supports,
} from '../driver/supports.ts';
import { FLOAT_DTYPES } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { checkedKeys, keysOf, readKeys } from '../values/keys.ts';
import { reading } from '../values/reading.ts';
import { show, showText } from '../values/show.ts';
import type { BackendInternals } from './internals.ts';

const SUPPORTS = keysOf<Supports>({
  ops: true,
  dtypes: true,
  accuracy: true,
  features: true,
  promises: true,
  limits: true,
});
const LIMIT = keysOf<NonNullable<NonNullable<Supports['limits']>[Op]>>({ features: true, dtypes: true });

/**
 * A frozen copy of a driver's manifest.
 * @throws RMSNormError INVALID_OPTION where `supports` names something unknown or an operation that the driver lacks, or
 *   `driver` is no driver
 */
export function checkedSupports(driver: Driver<never>): Supports {
  return reading('the driver', 'INVALID_OPTION', () => supportsOf(driver));
}

function supportsOf(driver: Driver<never>): Supports {
  const name = checkedName(driver);
  const supports = readKeys(driver.supports, { name: `supports of driver ${name}`, keys: SUPPORTS });
  const { ops, dtypes, accuracy, features, promises } = supports;
  const named = <T extends string>(what: string, values: readonly T[], known: readonly T[]): readonly T[] => {
    if (!Array.isArray(values)) throw invalid(`supports.${what} of driver ${name} is a list, got ${show(values)}`);
    for (const value of values) {
      if (!known.includes(value)) throw unknownName(name, what, value, known);
    }
    return Object.freeze([...values]);
  };
  for (const op of named('ops', ops, OPS)) {
    if (typeof driver[op] !== 'function') {
      throw invalid(`driver ${name} declares '${op}' in supports.ops but has no ${op}()`);
    }
  }
  if (!ACCURACIES.includes(accuracy)) throw unknownName(name, 'accuracy', accuracy, ACCURACIES);

  const checkedLimits: { -readonly [K in Op]?: NonNullable<Supports['limits']>[K] } = {};
  const limits = checkedKeys(supports.limits, { name: `supports.limits of driver ${name}`, keys: OPS });
  for (const op of Object.keys(limits) as Op[]) {
    const limit = checkedKeys(limits[op], { name: `supports.limits.${op} of driver ${name}`, keys: LIMIT });
    checkedLimits[op] = Object.freeze({
      ...(limit.features && { features: named(`limits.${op}.features`, limit.features, FEATURES) }),
      ...(limit.dtypes && { dtypes: named(`limits.${op}.dtypes`, limit.dtypes, FLOAT_DTYPES) }),
    });
  }
  return Object.freeze({
    ops: Object.freeze([...ops]),
    dtypes: named('dtypes', dtypes, FLOAT_DTYPES),
    accuracy,
    features: named('features', features, FEATURES),
    promises: named('promises', promises, GUARANTEES),
    ...(supports.limits && { limits: Object.freeze(checkedLimits) }),
  });
}

/** A driver's name, quoted, once it is sure that there is a driver. */
function checkedName(driver: Driver<never>): string {
  if (typeof driver?.name === 'string') return show(driver.name);
  throw invalid(`createBackend() takes a driver, which has a name, got ${show(driver)}`);
}

/** What a call needs and its problem does not say: whether there is a beta, and a tensor for rstd. */
export interface CallFeatures {
  readonly beta: boolean;
  readonly rstd: boolean;
}

/**
 * Refuses what the backend does not declare, before anything runs.
 * @throws RMSNormError UNSUPPORTED
 */
export function requireSupport(
  { driver, supports }: BackendInternals<unknown>,
  op: Op,
  problem: Problem,
  call: CallFeatures,
): void {
  const lacks = (what: string, values: readonly string[]): RMSNormError =>
    new RMSNormError(
      'UNSUPPORTED',
      `backend ${show(driver.name)} has no ${what} for ${showText(op)}: it has ${values.join(', ') || 'none'}; pick another backend`,
    );
  if (!supports.ops.includes(op)) throw lacks(`operation ${show(op)}`, supports.ops);
  const limit = supports.limits?.[op];
  const dtypes = limit?.dtypes ?? supports.dtypes;
  if (!dtypes.includes(problem.dtype)) throw lacks(`dtype '${problem.dtype}'`, dtypes);
  const features = limit?.features ?? supports.features;
  for (const feature of featuresOf(problem, call)) {
    if (!features.includes(feature)) throw lacks(`feature '${feature}'`, features);
  }
}

function featuresOf(problem: Problem, { beta, rstd }: CallFeatures): Feature[] {
  const ofValues: readonly (Feature | null)[] = [EPS_MODES[problem.epsMode].feature, CASTINGS[problem.casting].feature];
  const ofCall: Readonly<Record<Exclude<Feature, FeatureOfValue>, boolean>> = {
    inner: problem.inner > 1,
    groups: problem.groups > 1,
    partial: problem.statSize < problem.size,
    beta,
    weightOffset: problem.weightOffset !== 0,
    rstd,
  };
  const needed: Readonly<Partial<Record<Feature, boolean>>> = ofCall;
  return FEATURES.filter((feature) => needed[feature] || ofValues.includes(feature));
}

function unknownName(driver: string, what: string, value: string, known: readonly string[]): RMSNormError {
  return invalid(`driver ${driver} names ${show(value)} in supports.${what}; known are ${known.join(', ')}`);
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
