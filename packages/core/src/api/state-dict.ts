import { RMSNormError } from '../values/errors.ts';
import type { HostTensor } from '../values/host-data.ts';
import { hostMemory } from '../values/host-memory.ts';
import { checkedHostTensor } from '../values/host-tensor.ts';
import { checkedKeys, type Form, keysOf } from '../values/keys.ts';
import { nearest } from '../values/nearest.ts';
import { bytesOf, sameKind } from '../values/plain-array.ts';
import { reading } from '../values/reading.ts';
import { show } from '../values/show.ts';

/** gamma and beta under the names that PyTorch gives them. */
export interface StateDict {
  readonly weight?: HostTensor;
  readonly bias?: HostTensor;
}

/** The tensors of a whole model, by name. */
export type ModelDict = Readonly<Record<string, HostTensor>>;

export interface LoadOptions {
  /** What stands before `weight` and `bias` in the names of a model: `'model.layers.0.input_layernorm.'`. */
  readonly prefix?: string | undefined;
}

const LOAD: Form = { name: "loadStateDict's options", keys: keysOf<LoadOptions>({ prefix: true }) };
const NAMES = keysOf<StateDict>({ weight: true, bias: true });

/** Of a model of more tensors, the prefixes of the first so many are compared. */
const MOST_COMPARED = 5000;

/**
 * A deep copy of a host tensor.
 * @throws RMSNormError SHAPE where its array has lost its memory, or was resized; OUT_OF_MEMORY
 */
export function copyOf(host: HostTensor, name: string): HostTensor {
  const { dtype, shape, data } = checkedHostTensor(host, name);
  const bytes = bytesOf(data);
  const copied = hostMemory(() => bytes.slice(), bytes.length, 'bytes');
  return { dtype, shape: Object.freeze([...shape]), data: sameKind(data, copied) };
}

/**
 * The entries of a state dict that a norm with, or without, gamma and beta needs: all of them, and no others. Names that
 * do not begin with the prefix are of other layers.
 * @throws RMSNormError INVALID_OPTION, DTYPE, SHAPE
 */
export function checkedStateDict(
  dict: StateDict | ModelDict,
  needed: { readonly weight: boolean; readonly bias: boolean },
  options: LoadOptions | undefined,
): StateDict {
  return reading('the state dict', 'INVALID_OPTION', () => entriesOf(dict, needed, options));
}

function entriesOf(
  dict: StateDict | ModelDict,
  needed: { readonly weight: boolean; readonly bias: boolean },
  options: LoadOptions | undefined,
): StateDict {
  const { prefix = '' } = checkedKeys(options, LOAD);
  if (typeof prefix !== 'string') throw invalid(`prefix must be a string, got ${show(prefix)}`);
  if (typeof dict !== 'object' || dict === null || Array.isArray(dict)) {
    throw invalid(`a state dict is an object such as { weight: hostTensor(data, shape) }, got ${show(dict)}`);
  }
  const tensors = dict as ModelDict;
  const names = Object.keys(tensors);
  const entry = (name: keyof StateDict): HostTensor | undefined => {
    const full = prefix + name;
    const host = Object.hasOwn(tensors, full) ? tensors[full] : undefined;
    if ((host !== undefined) === needed[name]) return host && copyOf(host, full);
    throw needed[name] ? missing(full, prefix, names) : invalid(`the state dict has ${show(full)}: this norm has none`);
  };
  const weight = entry('weight');
  const bias = entry('bias');
  if (prefix !== '' && !names.some((name) => name.startsWith(prefix))) throw missing(`${prefix}*`, prefix, names);
  const other = names.find((name) => name.startsWith(prefix) && !NAMES.includes(name.slice(prefix.length)));
  if (other !== undefined) throw unknownName(other, prefix);
  return { ...(weight && { weight }), ...(bias && { bias }) };
}

function missing(full: string, prefix: string, names: readonly string[]): RMSNormError {
  const others = prefixesIn(names).filter((other) => other !== prefix);
  const near = nearest(prefix, others);
  const way = near === undefined ? '' : `: did you mean { prefix: ${show(near)} }?`;
  return invalid(`the state dict has no ${show(full)}${way}`);
}

/** What stands before 'weight' in the names. */
function prefixesIn(names: readonly string[]): string[] {
  const weights = names.slice(0, MOST_COMPARED).filter((name) => name.endsWith('weight'));
  return weights.map((name) => name.slice(0, -'weight'.length));
}

function unknownName(name: string, prefix: string): RMSNormError {
  const near = nearest(name.slice(prefix.length), NAMES);
  return invalid(
    `the state dict has ${show(name)}, which is neither weight nor bias: did you mean ${show(prefix + near)}?`,
  );
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
