import type { Case } from './case.ts';
import { applyCases } from './cases/apply.ts';
import { creationCases } from './cases/creation.ts';
import { errorCases } from './cases/errors.ts';
import { extremeOptionCases } from './cases/extreme-options.ts';
import { extremeCases } from './cases/extremes.ts';
import { goldenCases } from './cases/golden.ts';
import { invarianceCases } from './cases/invariance.ts';
import { isolationCases } from './cases/isolation.ts';
import { layoutCases } from './cases/layouts.ts';
import { lifecycleCases } from './cases/lifecycle.ts';
import { nonFiniteCases } from './cases/non-finite.ts';
import { normCases } from './cases/norm.ts';
import { operationCases } from './cases/operations.ts';
import { optionCases } from './cases/options.ts';
import { propertyCases } from './cases/properties.ts';
import { roundingCases } from './cases/rounding.ts';
import { specialRowCases } from './cases/special-rows.ts';
import { supportsCases } from './cases/supports.ts';
import { tensorCases } from './cases/tensors.ts';
import { tidyCases } from './cases/tidy.ts';
import { trapCases } from './cases/traps.ts';
import { unknownKeyCases } from './cases/unknown-keys.ts';
import { valuesCases } from './cases/values.ts';
import { wrappedMemoryCases } from './cases/wrapped-memory.ts';
import { type Filter, toPredicate } from './filter.ts';

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
  unknownKeyCases,
  lifecycleCases,
  tidyCases,
  creationCases,
];

/** Every case whose id `filter` takes, in the order they run: the same for all backends, so ids can be kept in lists. */
export function listCases(filter?: Filter): readonly Case[] {
  const takes = toPredicate(filter);
  return FAMILIES.flat().filter((entry) => takes(entry.id));
}
