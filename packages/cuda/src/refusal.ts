import type { ErrorCode } from '@rmsnorm/core';

/** Why nothing runs here: a code, what was found, and what to do. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
}

export const WRONG_RUNTIME: Refusal = {
  code: 'WRONG_RUNTIME',
  reason: 'this runtime loads no native addons, as pages do not',
  hint: 'CUDA needs Node 20.19 or newer, or Bun; in a page take @rmsnorm/webgpu',
};
