import { WORD } from '../generated/descriptor/index.ts';
import { type Chunk, cut } from './cut.ts';
import { dtypeOf, type OperandOffsets, offsetsOf, opOf } from './operands.ts';

/** Most chunks of a thread. */
export const CHUNKS_PER_THREAD = 4;

/** Slabs are cut at multiples of so many columns: a cache line of the narrowest floats. */
const COLUMN_STEP = 32;

/** Milliseconds for an element, as long as it is not known better. */
const ELEMENT_MS = 2e-7;

/** The fields that decide how a call is cut. */
const DECIDING = [WORD.op, WORD.dtype, WORD.outer, WORD.groups, WORD.size, WORD.inner] as const;

/** How calls of one operation and of the same extents are cut. */
export interface Plan {
  /** The fields that decide it. */
  readonly decided: readonly number[];
  readonly chunks: readonly Chunk[];
  readonly operands: readonly OperandOffsets[];
  /** What a thread needs for any of the chunks. */
  scratchBytes: number;
  /** How long one takes that is done alone, about, in milliseconds. */
  ms: number;
}

/**
 * The plan of the call whose descriptor is at `at` of `words`.
 * @param least elements that a chunk should have at least
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
    apart: op !== 'forwardQuantized',
    step: COLUMN_STEP,
  });
  const operands = offsetsOf(op, chunks, { groups, size, inner, dtype: dtypeOf(dtypeCode) });
  return { decided, chunks, operands, scratchBytes: 0, ms: elements * ELEMENT_MS };
}

/** Whether a plan is of the call whose descriptor is at `at` of `words`. */
export function isPlanOf({ decided }: Plan, words: Uint32Array, at: number): boolean {
  return DECIDING.every((word, i) => words[at + word] === decided[i]);
}
