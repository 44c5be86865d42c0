import { OP_CODE } from '../kernels.ts';
import { CHUNK_NUMBERS, type Control, JOB_NUMBERS, queueOf, scratchOf } from './control.ts';
import type { CuttableKernels } from './cuttable-kernels.ts';

// A job is one call of one operation, cut into chunks of whole rows, each of which is a call by itself. Its numbers are
// the arguments of the kernels: first what all chunks have in common (op, dtype, size, inner, statSize, eps, clamp, alpha,
// weightOffset, flags), then for each chunk gamma, beta, outer, groups, the first column, the end of its columns, and up to 5 arguments of
// the operation.

/** A thread: an instance of the kernels, and its number of how many. */
export interface Seat {
  readonly kernels: CuttableKernels;
  readonly thread: number;
  readonly threads: number;
}

/**
 * Does chunks until all are taken: a thread's own first, which its core's cache may hold, then the others'. Says whether a
 * worker took the one with which the caller, thread 0, begins, before the caller did.
 */
export function takeChunks({ words, job }: Control, { kernels, thread, threads }: Seat): boolean {
  let first = false;
  for (let i = 0; i < threads; i++) {
    const owner = (thread + i) % threads;
    const queue = queueOf(owner);
    for (;;) {
      const chunk = Atomics.add(words, queue, 1);
      if (chunk >= words[queue + 1]!) break;
      first ||= owner === 0 && thread !== 0 && chunk === 0;
      runChunk(job, kernels, JOB_NUMBERS + chunk * CHUNK_NUMBERS, words[scratchOf(thread)]!);
    }
  }
  return first;
}

function runChunk(job: Float64Array, kernels: CuttableKernels, at: number, scratch: number): void {
  const op = job[0]!;
  const dtype = job[1]!;
  const size = job[2]!;
  const inner = job[3]!;
  const statSize = job[4]!;
  const eps = job[5]!;
  const clamp = job[6]!;
  const alpha = job[7]!;
  const weightOffset = job[8]!;
  const flags = job[9]!;
  const gamma = job[at]!;
  const beta = job[at + 1]!;
  const outer = job[at + 2]!;
  const groups = job[at + 3]!;
  const firstColumn = job[at + 4]!;
  const endColumn = job[at + 5]!;
  const a = job[at + 6]!;
  const b = job[at + 7]!;
  const c = job[at + 8]!;
  const d = job[at + 9]!;
  const e = job[at + 10]!;
  kernels.begin(
    op,
    dtype,
    gamma,
    beta,
    scratch,
    outer,
    groups,
    size,
    inner,
    statSize,
    eps,
    clamp,
    alpha,
    weightOffset,
    flags,
  );
  kernels.setColumns(firstColumn, endColumn);
  if (op === OP_CODE.forward) kernels.all(a, b, c);
  else if (op === OP_CODE.addForward) kernels.addForward(a, b, c, d, e);
  else if (op === OP_CODE.gatedForward) kernels.gatedForward(a, b, c, d, e);
  else if (op === OP_CODE.sumSquares) kernels.sumSquares(a, b);
  else if (op === OP_CODE.scaleBy) kernels.scaleBy(a, b, c, d);
  else kernels.forwardQuantized(a, b, c, d);
}
