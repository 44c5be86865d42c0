// What a page's bundler takes in place of index.ts (the condition 'browser' of package.json): no addon, and a reason. Its types
// are those of index.ts.

import { type BackendProvider, RMSNormError } from '@rmsnorm/core';
import { type CudaOptions, checkedOptions } from './options.ts';
import { WRONG_RUNTIME } from './refusal.ts';
import type { CudaBackend } from './tensor.ts';

/**
 * In a page there is no CUDA: the probe says WRONG_RUNTIME, and `create` rejects with it.
 * @throws RMSNormError INVALID_OPTION
 */
export function cuda(options: CudaOptions = {}): BackendProvider<CudaBackend> {
  checkedOptions(options);
  return {
    name: 'cuda',
    apiVersion: 1,
    probe: async () => ({ ok: false, ...WRONG_RUNTIME }),
    create: async () => {
      throw new RMSNormError(WRONG_RUNTIME.code, `${WRONG_RUNTIME.reason}: ${WRONG_RUNTIME.hint}`);
    },
  };
}
