import type { CandidateName } from './candidate.ts';

/** Candidates that compute nothing. They are the ceiling, not peers. */
export const COPIES: ReadonlySet<CandidateName> = new Set([
  'simd-copy',
  'plain-copy',
  'memory.copy',
  'array-set',
  'array-slice',
  'wgsl-copy',
  'buffer-copy',
  'cuda-copy',
]);
