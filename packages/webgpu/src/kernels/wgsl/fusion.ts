import type { Problem } from '../problem.ts';
import {
  type Access,
  type Along,
  type Declared,
  elementType,
  LANES,
  load,
  loadWeights,
  store,
  withOffset,
} from './access.ts';
import { narrow, widen } from './float16.ts';
import { loadBesides, loadWords, storeWords } from './row-pairs.ts';
import { SILU } from './silu.ts';
import { lines } from './template.ts';

/** What an operation reads as the row that is normalized, and what becomes of it: the rest of a kernel does not know. */
export interface Operation {
  readonly name: 'forward' | 'addForward' | 'gateFirst' | 'normFirst';
  /** Laid out as x. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export const FORWARD: Operation = { name: 'forward', inputs: ['x'], outputs: ['y'] };
export const ADD_FORWARD: Operation = { name: 'addForward', inputs: ['x', 'residual'], outputs: ['sum', 'y'] };
export const GATE_FIRST: Operation = { name: 'gateFirst', inputs: ['x', 'gate'], outputs: ['y'] };
export const NORM_FIRST: Operation = { name: 'normFirst', inputs: ['x', 'gate'], outputs: ['y'] };

export interface Weights {
  readonly gamma: boolean;
  readonly beta: boolean;
  /** Whether x * r is rounded before it is weighted. */
  readonly llama: boolean;
}

export function weightsOf({ casting, dtype }: Problem, present: ReadonlySet<string>): Weights {
  return { gamma: present.has('gamma'), beta: present.has('beta'), llama: casting === 'llama' && dtype !== 'float32' };
}

export function weightsKey({ gamma, beta, llama }: Weights): string {
  return `${gamma ? 'g' : ''}${beta ? 'b' : ''}${llama ? 'l' : ''}`;
}

/** The buffers laid out as x that an operation reads and writes, then its weights. */
export function operationBuffers(
  { inputs, outputs }: Operation,
  { gamma, beta }: Weights,
  p: Problem,
  access: Access,
): Declared[] {
  const weights = access === 'quad' && p.inner === 1 ? 'array<vec4f>' : 'array<f32>';
  return [
    ...inputs.map((name) => ({ name, type: elementType(p.dtype, access), write: false })),
    ...outputs.map((name) => ({ name, type: elementType(p.dtype, access), write: true })),
    ...(gamma ? [{ name: 'gamma', type: weights, write: false }] : []),
    ...(beta ? [{ name: 'beta', type: weights, write: false }] : []),
  ];
}

const SOURCES: Readonly<Record<Operation['name'], (load: (name: string) => string) => string>> = {
  forward: (x) => x('x'),
  addForward: (x) => `rounded(${x('x')} + ${x('residual')})`,
  gateFirst: (x) => `times_silu(${x('x')}, ${x('gate')})`,
  normFirst: (x) => x('x'),
};

const SINKS: Readonly<Record<Operation['name'], string>> = {
  forward: 'store_y(at, weighted(at, normed));',
  addForward: 'store_sum(at, u); store_y(at, weighted(at, normed));',
  gateFirst: 'store_y(at, weighted(at, normed));',
  normFirst: 'store_y(at, times_silu(weighted(at, normed), load_gate(at)));',
};

/** Where a buffer's elements lie: in an input's memory, where it is written in place. */
export type VariableOf = (name: string) => string;

/** `source(at)`: the elements that are normalized; under another name where they are read in another way as well. */
export function source(operation: Operation, p: Problem, access: Access, suffix = ''): string {
  const names = operation.name === 'normFirst' ? ['x'] : operation.inputs;
  return lines(
    ...names.map((name) => load(`${name}${suffix}`, name, p.dtype, access)),
    `fn source${suffix}(at: At) -> V { return ${SOURCES[operation.name]((name) => `load_${name}${suffix}(at)`)}; }`,
  );
}

/** `sink(at, u, normed)`: writes what comes of the elements u and of u * r. */
export function sink(operation: Operation, p: Problem, access: Access, variable: VariableOf): string {
  return lines(
    operation.name === 'normFirst' && load('gate', 'gate', p.dtype, access),
    ...operation.outputs.map((name) => store(name, variable(name), p.dtype, access)),
    `fn sink(at: At, u: V, normed: V) { ${SINKS[operation.name]} }`,
  );
}

/** `source_in_words(at)`, `besides(at)`: of twins what stands in an invocation's words, and the element that it holds besides. */
export function twinSource(operation: Operation): string {
  const names = operation.name === 'normFirst' ? ['x'] : operation.inputs;
  const of = SOURCES[operation.name];
  return lines(
    ...names.map((name) => lines(loadWords(name), loadBesides(name))),
    `fn source_in_words(at: At) -> V { return ${of((name) => `${name}_in_words(at)`)}; }`,
    `fn besides(at: At) -> f32 { let v = ${of((name) => `V(besides_${name}(at))`)}; return v.x; }`,
  );
}

/** `sink(at, u, normed)` by the words of twins. */
export function twinSink(operation: Operation, variable: VariableOf): string {
  return lines(
    operation.name === 'normFirst' && loadWords('gate', 'load_gate'),
    ...operation.outputs.map((name) => storeWords(name, variable(name))),
    `fn sink(at: At, u: V, normed: V) { ${SINKS[operation.name]} }`,
  );
}

/** `weighted(at, normed)`: x * r becomes y, not yet rounded. */
export function weighting({ gamma, beta, llama }: Weights, along: Along, access: Access): string {
  return lines(
    gamma && loadWeights('gamma', along, access),
    beta && loadWeights('beta', along, access),
    'fn weighted(at: At, normed: V) -> V {',
    `  let v = ${llama ? 'rounded(normed)' : 'normed'};`,
    gamma && `  let weight = ${withOffset('load_gamma(at)')};`,
    `  return ${beta ? `fma(v, ${gamma ? 'weight' : 'V(1.0)'}, load_beta(at))` : gamma ? 'v * weight' : 'v'};`,
    '}',
  );
}

/** Names the buffers of a shader in their order, and which of them the outputs are. */
export function boundKey(kernel: {
  readonly buffers: readonly Declared[];
  readonly operation: Operation;
  readonly variable: VariableOf;
}): string {
  const buffers = kernel.buffers.map(({ name, write }) => (write ? `${name}!` : name));
  return `${buffers.join(' ')}>${kernel.operation.outputs.map(kernel.variable).join(' ')}`;
}

/** What `source` and `sink` are made of. */
export function elementwise(operation: Operation, p: Problem, access: Access): string {
  return lines(
    widen(p),
    narrow(p, LANES[access]),
    (operation.name === 'gateFirst' || operation.name === 'normFirst') && SILU,
  );
}
