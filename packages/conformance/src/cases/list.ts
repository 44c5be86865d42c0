import type { Case } from '../case/case.ts';
import { type Filter, toPredicate } from '../run/filter.ts';
import { applyCases } from './class/apply.ts';
import { normCases } from './class/norm.ts';
import { errorCases } from './errors/errors.ts';
import { extremeCases } from './extremes/magnitudes.ts';
import { nonFiniteCases } from './extremes/non-finite.ts';
import { extremeOptionCases } from './extremes/options.ts';
import { invarianceCases } from './invariance/forward.ts';
import { isolationCases } from './isolation/isolation.ts';
import { specialRowCases } from './isolation/special-rows.ts';
import { creationCases } from './lifecycle/creation.ts';
import { lifecycleCases } from './lifecycle/lifecycle.ts';
import { operationCases } from './operations/operations.ts';
import { optionCases } from './options/options.ts';
import { propertyCases } from './properties/properties.ts';
import { supportsCases } from './supports/supports.ts';
import { tensorCases } from './tensors/tensors.ts';
import { wrappedMemoryCases } from './tensors/wrapped-memory.ts';
import { goldenCases } from './values/golden.ts';
import { layoutCases } from './values/layouts.ts';
import { roundingCases } from './values/rounding.ts';
import { valuesCases } from './values/sizes.ts';
import { trapCases } from './values/traps.ts';

/** One entry per file of `cases/`, cheap and basic ones first. */
const FAMILIES: readonly (readonly Case[])[] = [
  supportsCases,
  tensorCases,
  wrappedMemoryCases,
  valuesCases,
  roundingCases,
  layoutCases,
  goldenCases,
  trapCases,
  optionCases,
  extremeCases,
  extremeOptionCases,
  nonFiniteCases,
  invarianceCases,
  isolationCases,
  specialRowCases,
  normCases,
  applyCases,
  propertyCases,
  operationCases,
  errorCases,
  lifecycleCases,
  creationCases,
];

/** Every case whose id `filter` takes, in the order they run: the same for all backends, so ids can be kept in lists. */
export function listCases(filter?: Filter): readonly Case[] {
  const takes = toPredicate(filter);
  return FAMILIES.flat().filter((entry) => takes(entry.id));
}
