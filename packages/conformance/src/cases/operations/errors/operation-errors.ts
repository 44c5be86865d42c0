import type { ErrorCode, Tensor } from '@rmsnorm/core';
import type { Tensors } from '../../../case/tensors.ts';
import type { RefusalSpecs } from '../../errors/refusal-spec.ts';

/** What one operation refuses. */
export interface OperationErrors {
  /** Refused at once, with the right code. */
  readonly refused: RefusalSpecs;
  /** Calls with a tensor of another backend, in each place. */
  readonly foreign: (tensors: Tensors, other: Tensors) => Readonly<Record<string, () => unknown>>;
  /** Where one target is wrong, the other is not written to. */
  readonly partlyRight: Readonly<Record<string, PartlyRight>>;
}

export interface PartlyRight {
  readonly code: ErrorCode;
  /** The target that nothing is wrong with; it holds 1.5. */
  readonly good: (tensors: Tensors) => Tensor;
  readonly call: (tensors: Tensors, good: Tensor) => unknown;
}
