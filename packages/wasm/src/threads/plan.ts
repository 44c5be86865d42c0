import { WORD } from '../generated/descriptor/index.ts';
import { type Chunk, cut } from './cut.ts';
import { dtypeOf, type OperandOffsets, offsetsOf, opOf } from './operands.ts';

/** The most chunks for each thread. */
export const CHUNKS_PER_THREAD = 4;

/** Slabs are cut between columns at multiples of this: a cache line of 16-bit elements. */
const COLUMN_STEP = 32;

/** Milliseconds per element, as a first guess. */
const ELEMENT_MS = 2e-7;

/** The fields of a descriptor that decide how a call is cut. */
const DECIDING = [WORD.op, WORD.dtype, WORD.outer, WORD.groups, WORD.size, WORD.inner] as const;

/** How calls of one operation with certain extents are cut. */
export interface Plan {
  /** The values of those fields. */
  readonly decided: readonly number[];
  readonly chunks: readonly Chunk[];
  readonly operands: readonly OperandOffsets[];
  /** Scratch memory for any of the chunks. */
  scratchBytes: number;
  /** About how many milliseconds a call takes on one thread. */
  ms: number;
}

/**
 * Plans calls with the descriptor that begins at `words[at]`.
 * @param least the least elements that a chunk should have
 */
export function planOf(words: Uint32Array, at: number, threads: number, least: number): Plan {
  const decided = DECIDING.map((word) => words[at + word]!);
  const [opCode, dtypeCode, outer, groups, size, inner] = decided as [number, number, number, number, number, number];
  const op = opOf(opCode);
  const elements = outer * groups * size * inner;
  const each = Math.floor(elements / (least * threads));
  const chunks = cut({
    outer,
    groups,
    inner,
    threads,
    most: threads * Math.max(1, Math.min(CHUNKS_PER_THREAD, each)),
    separable: op !== 'forwardQuantized',
    step: COLUMN_STEP,
  });
  const operands = offsetsOf(op, chunks, { groups, size, inner, dtype: dtypeOf(dtypeCode) });
  return { decided, chunks, operands, scratchBytes: 0, ms: elements * ELEMENT_MS };
}

/** Whether a plan is for calls with the descriptor that begins at `words[at]`. */
export function isPlanOf({ decided }: Plan, words: Uint32Array, at: number): boolean {
  return DECIDING.every((word, i) => words[at + word] === decided[i]);
}
