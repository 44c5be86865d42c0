import type { FloatDType, Op, Supports } from '@rmsnorm/core';
import type { Planners } from './plan.ts';

// Literals of its own, not core's lists: what core gains is not claimed before there is a kernel for it.

const OPS: readonly Op[] = [
  'forward',
  'addForward',
  'gatedForward',
  'backward',
  'sumSquares',
  'scaleBy',
  'forwardQuantized',
];

const DTYPES: readonly FloatDType[] = ['float32', 'float16', 'bfloat16'];

export function supportsOf(planners: Planners): Supports {
  return {
    ops: OPS.filter((op) => planners[op] !== undefined),
    dtypes: DTYPES,
    accuracy: 'webgpu',
    features: ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'],
    // Not 'subnormals': WGSL lets a device flush them.
    promises: ['extremes', 'nonFinite', 'invariance'],
  };
}
