import type { FloatDType, Problem } from '@rmsnorm/core';
import type { Capabilities, ToFloat16 } from '../plan.ts';
import { unreachable } from '../unreachable.ts';

/** What core asks for, and how the device's numbers become float16. */
export interface KernelProblem extends Problem {
  readonly toFloat16: ToFloat16;
}

export function problemOn<P extends Problem>(problem: P, { toFloat16 }: Capabilities): P & KernelProblem {
  return { ...problem, toFloat16: problem.dtype === 'float16' ? toFloat16 : 'bits' };
}

/** Whether a word has two elements: WGSL reads and writes memory by words of 32 bits. */
export function is16Bit(dtype: FloatDType): boolean {
  switch (dtype) {
    case 'float32':
      return false;
    case 'float16':
    case 'bfloat16':
      return true;
    default:
      return unreachable(dtype);
  }
}

/** Whether x * r is rounded to the dtype before it is weighted. */
export function roundsBeforeWeights({ casting, dtype }: Problem): boolean {
  switch (casting) {
    case 'gemma':
      return false;
    case 'llama':
      return is16Bit(dtype);
    default:
      return unreachable(casting);
  }
}
