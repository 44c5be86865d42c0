import type { Op, Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { ConformanceFailure, check } from '../../case/failure.ts';
import { dtypesOf } from '../../case/supported.ts';
import { type Tensors, withTensors } from '../../case/tensors.ts';
import { OPERATIONS } from '../../operations/all.ts';
import type { Named, PreparedCall } from '../../operations/operation-model.ts';
import { numbersOf, perform, upload } from '../../operations/run-call.ts';

/** A few more than the blocks of parameters that a ring of 64, 256 or 1,024 holds. */
const COUNTS = [70, 300, 1100] as const;

/** Calls take turns among so many: no power of two is a multiple of it, so that the block's next user has other parameters. */
const VARIATIONS = 7;

/** Of the calls, so many are read. */
const READS = 50;

const LOOK_AT =
  'no result was read until all calls were made: the parameters of a call must stay until it has run, however many follow';

interface Variation {
  readonly prepared: PreparedCall;
  readonly inputs: Named<Tensor>;
}

function variationsOf(op: Op, subject: Subject, tensors: Tensors): Variation[] {
  return Array.from({ length: VARIATIONS }, (_, i): Variation => {
    const size = 5 + 4 * i;
    const spec = {
      shape: [1 + (i % 3), size],
      options: { dim: size, axis: -1, scale: 0.5 + i, eps: 10 ** -i },
      ...(op === 'sumSquares' && { gamma: null }),
    };
    const prepared = OPERATIONS[op].prepare(spec as never, subject.random);
    return { prepared, inputs: upload(tensors, prepared) };
  });
}

/** Makes calls of these operations in turn, then reads some of them, the first and the last among them. */
function queueAndRead(subject: Subject, ops: readonly Op[], count: number): Promise<void> {
  return withTensors(subject.backend, async (tensors) => {
    const variations = ops.map((op) => variationsOf(op, subject, tensors));
    const calls = Array.from({ length: count }, (_, i) => {
      const { prepared, inputs } = variations[i % ops.length]![i % VARIATIONS]!;
      return { prepared, results: perform(tensors, prepared, inputs) };
    });
    const step = Math.max(1, Math.floor(count / READS));
    for (const [i, { prepared, results }] of calls.entries()) {
      if (i % step !== 0 && i < count - 1) continue;
      try {
        prepared.compare(await numbersOf(results), subject.backend.supports);
      } catch (error) {
        if (!(error instanceof ConformanceFailure)) throw error;
        throw new ConformanceFailure(`call ${i} of ${count}: ${error.message}; ${LOOK_AT}`);
      }
    }
  });
}

/** More calls than a ring of parameter blocks holds, none of them read before the last is made. */
export const ringCases: readonly Case[] = [
  ...(Object.keys(OPERATIONS) as Op[]).flatMap((op) =>
    COUNTS.map(
      (calls): Case => ({
        id: caseId(`${op}/plan`, { calls, read: 'afterwards' }),
        requires: { op, dtypes: ['float32'] },
        depth: calls === 70 ? 'quick' : 'default',
        run: (subject) => queueAndRead(subject, [op], calls),
      }),
    ),
  ),
  ...COUNTS.map(
    (calls): Case => ({
      id: caseId('backend/plan', { calls, read: 'afterwards', of: 'all-operations' }),
      requires: {},
      depth: calls === 70 ? 'quick' : 'default',
      run: async (subject) => {
        const { supports } = subject.backend;
        const ops = supports.ops.filter((op) => dtypesOf(supports, op).includes('float32'));
        check(supports.ops.length > 0, 'supports.ops is empty');
        if (ops.length > 0) await queueAndRead(subject, ops, calls);
      },
    }),
  ),
];
