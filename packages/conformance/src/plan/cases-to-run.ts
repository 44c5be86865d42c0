import { RMSNormError } from '@rmsnorm/core';
import type { Case } from '../case/case.ts';
import type { Depth } from '../case/depth.ts';
import { listCases } from '../cases/list.ts';
import type { Filter } from '../run/filter.ts';

/**
 * The cases of a depth that `filter` takes, at least one.
 * @throws RMSNormError INVALID_OPTION where there is none; it says whether a thorough run has some
 */
export function casesToRun(filter: Filter | undefined, depth: Depth): readonly Case[] {
  const cases = listCases(filter, depth);
  if (cases.length > 0) return cases;
  const shown = JSON.stringify(String(filter));
  const deeper = depth === 'thorough' ? 0 : listCases(filter, 'thorough').length;
  const wayOut = deeper > 0 ? `depth 'thorough' has ${deeper} such cases` : 'listCases() gives their ids';
  const all = listCases(undefined, depth).length;
  throw new RMSNormError(
    'INVALID_OPTION',
    `filter ${shown} takes none of the ${all} cases of depth '${depth}'; ${wayOut}`,
  );
}
