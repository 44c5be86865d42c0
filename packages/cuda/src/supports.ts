import type { Supports } from '@rmsnorm/core';

/** Lists of this package, not core's: what core gains is not claimed before there is a kernel for it. */
export const SUPPORTS: Supports = {
  ops: ['forward', 'addForward', 'gatedForward', 'backward', 'sumSquares', 'scaleBy', 'forwardQuantized'],
  dtypes: ['float32', 'float16', 'bfloat16'],
  accuracy: 'ieee',
  features: ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'],
  promises: ['extremes', 'nonFinite', 'subnormals', 'invariance'],
};
