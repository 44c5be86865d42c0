import type { Case } from '../case/case.ts';
import type { Depth } from '../case/depth.ts';
import { casesAt } from '../plan/depth.ts';
import { type Filter, toPredicate } from '../run/filter.ts';
import { classCases } from './class/index.ts';
import { errorCases } from './errors/index.ts';
import { extremeCases } from './extremes/index.ts';
import { invarianceCases } from './invariance/index.ts';
import { isolationCases } from './isolation/index.ts';
import { lifecycleCases } from './lifecycle/index.ts';
import { operationCases } from './operations/index.ts';
import { optionCases } from './options/index.ts';
import { plannedCases } from './plan/index.ts';
import { propertyCases } from './properties/index.ts';
import { supportsCases } from './supports/index.ts';
import { tensorCases } from './tensors/index.ts';
import { trapCases } from './traps/index.ts';
import { valueCases } from './values/index.ts';

/**
 * The folders of `cases/`: one for each kind of promise, whose `index.ts` says which. Cheap and basic ones come first. All
 * but `operations` are about forward; `operations` has the same kinds of promises for the others.
 */
const FOLDERS: readonly (readonly Case[])[] = [
  supportsCases,
  tensorCases,
  valueCases,
  trapCases,
  optionCases,
  extremeCases,
  invarianceCases,
  isolationCases,
  classCases,
  propertyCases,
  operationCases,
  errorCases,
  lifecycleCases,
];

/** Made once: programs ask for each case by its id. */
const listed = new Map<Depth, readonly Case[]>();

/**
 * Every case of a depth whose id `filter` takes, in the order they run: the same for all backends, so ids can be kept in
 * lists.
 */
export function listCases(filter?: Filter, depth: Depth = 'default'): readonly Case[] {
  const takes = toPredicate(filter);
  const known = listed.get(depth) ?? casesAt(depth, [...FOLDERS.flat(), ...plannedCases(depth)]);
  listed.set(depth, known);
  return known.filter((entry) => takes(entry.id));
}
