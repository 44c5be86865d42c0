import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { OTHER_OPERATIONS } from '../../operations/all.ts';
import { operationCase } from '../../operations/run-call.ts';

const SHAPE = [5, 44];
const OPTIONS = { dim: 44, axis: -1, groups: 4 } as const;

/** More groups than inner, and a beta: as many of its elements as the groups have, not as inner would. */
export const groupedRowCases: readonly Case[] = OTHER_OPERATIONS.flatMap((model): Case[] => {
  if (model.op === 'sumSquares') return [];
  const id = caseId(`${model.op}/layouts`, { beta: 'some', ...OPTIONS, shape: showShape(SHAPE) });
  return [operationCase(id, model, { shape: SHAPE, options: OPTIONS, beta: true } as never)];
});
