import type { Problem as CoreProblem } from '@rmsnorm/core';
import type { Capabilities, Halves } from '../plan.ts';

/** What core asks for, and how its elements are converted. */
export interface Problem extends CoreProblem {
  /** How numbers become float16. */
  readonly halves: Halves;
}

export function problemOn<P extends CoreProblem>(p: P, { halves }: Capabilities): P & Problem {
  return { ...p, halves: p.dtype === 'float16' ? halves : 'bits' };
}
