import { RMSNormError } from '../values/errors.ts';
import type { HostTensor } from '../values/host-data.ts';
import { checkedHostTensor } from '../values/host-tensor.ts';

/** gamma and beta under the names that PyTorch gives them. */
export interface StateDict {
  readonly weight?: HostTensor;
  readonly bias?: HostTensor;
}

/** A deep copy of a host tensor. */
export function copyOf({ dtype, shape, data }: HostTensor): HostTensor {
  return { dtype, shape: Object.freeze([...shape]), data: (data as Float32Array).slice() };
}

/**
 * The entries of a state dict that a norm with, or without, gamma and beta needs: all of them, and no others.
 * @throws RMSNormError INVALID_OPTION, DTYPE, SHAPE
 */
export function checkedStateDict(dict: StateDict, needed: { weight: boolean; bias: boolean }): StateDict {
  const unknown = Object.keys(dict).filter((name) => name !== 'weight' && name !== 'bias');
  if (unknown.length > 0) {
    throw new RMSNormError('INVALID_OPTION', `a state dict has weight and bias, not ${unknown.join(', ')}`);
  }
  const entry = (name: 'weight' | 'bias'): HostTensor | undefined => {
    const host = dict[name];
    if ((host !== undefined) === needed[name]) return host && copyOf(checkedHostTensor(host, name));
    const fault = needed[name] ? 'is missing' : 'is there, but this norm has none';
    throw new RMSNormError('INVALID_OPTION', `the state dict's ${name} ${fault}`);
  };
  const weight = entry('weight');
  const bias = entry('bias');
  return { ...(weight && { weight }), ...(bias && { bias }) };
}
