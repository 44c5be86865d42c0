import { requireFeatures } from '../operations/weights.ts';
import type { ResolvedOptions } from '../options/options.ts';
import { RMSNormError } from '../values/errors.ts';
import type { HostTensor } from '../values/host-data.ts';
import { hostMemory } from '../values/host-memory.ts';
import { checkedHostTensor } from '../values/host-tensor.ts';

// What a norm holds is frozen: another array in place of `norm.gamma.data` would be one that nobody checked.

/** Gamma or beta of a new norm: one value for each feature. @throws RMSNormError OUT_OF_MEMORY */
export function filledWeight({ dims, features }: ResolvedOptions, value: number): HostTensor {
  const data = hostMemory(() => new Float32Array(features), features, 'elements');
  return Object.freeze({ dtype: 'float32', shape: dims, data: data.fill(value) });
}

/**
 * What a user sets as gamma or beta, checked.
 * @param option which says whether the norm has it
 * @throws RMSNormError INVALID_OPTION, SHAPE, DTYPE
 */
export function checkedWeight(
  options: ResolvedOptions,
  option: 'affine' | 'bias',
  value: HostTensor | null,
): HostTensor | null {
  const name = option === 'affine' ? 'gamma' : 'beta';
  const wanted = options[option];
  if ((value !== null) !== wanted) {
    const fault = wanted ? 'cannot be null' : 'must stay null';
    throw new RMSNormError('INVALID_OPTION', `${name} ${fault}: this norm was made with ${option}: ${wanted}`);
  }
  if (value === null) return null;
  const host = checkedHostTensor(value, name);
  requireFeatures(host.shape, name, options.features);
  return Object.freeze(host);
}
