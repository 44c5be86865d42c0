import { unreachable } from '../../unreachable.ts';
import { type Access, COMPONENTS, type WeightAccess } from '../planning/access.ts';
import { type KernelProblem, roundsBeforeWeights } from '../problem.ts';
import { elementArray, reads, type ShaderBuffer, weightArray, writes } from './bindings.ts';
import { conversions } from './float16.ts';
import { loadElements, loadWeights, storeElements, withOffset } from './load-store.ts';
import { loadByWords, loadNeighbour, storeByWords } from './row-pairs.ts';
import { SILU } from './silu.ts';
import { wgsl } from './template.ts';

/**
 * What an operation fuses with the norm: what is read as the row that is normalized, and what is written. The rest of a
 * kernel is the same for all.
 */
export interface Fusion {
  readonly name: 'forward' | 'addForward' | 'gateFirst' | 'normFirst';
  /** Tensors laid out as x. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Which of the inputs enter the statistic. */
  readonly normalized: readonly string[];
}

export const FORWARD: Fusion = { name: 'forward', inputs: ['x'], outputs: ['y'], normalized: ['x'] };
export const ADD_FORWARD: Fusion = {
  name: 'addForward',
  inputs: ['x', 'residual'],
  outputs: ['sum', 'y'],
  normalized: ['x', 'residual'],
};
/** gatedForward without normBeforeGate: y = norm(x * silu(gate)). */
export const GATE_FIRST: Fusion = {
  name: 'gateFirst',
  inputs: ['x', 'gate'],
  outputs: ['y'],
  normalized: ['x', 'gate'],
};
/** gatedForward with normBeforeGate: y = norm(x) * silu(gate). */
export const NORM_FIRST: Fusion = { name: 'normFirst', inputs: ['x', 'gate'], outputs: ['y'], normalized: ['x'] };

/** How x * r becomes y: y = x * r * (weightOffset + gamma) + beta. */
export interface Affine {
  readonly gamma: boolean;
  readonly beta: boolean;
  /** Whether x * r is rounded before that ('llama'). */
  readonly rounds: boolean;
}

export const NOT_AFFINE: Affine = { gamma: false, beta: false, rounds: false };

export function affineOf(problem: KernelProblem, present: ReadonlySet<string>): Affine {
  return { gamma: present.has('gamma'), beta: present.has('beta'), rounds: roundsBeforeWeights(problem) };
}

export function affineKey({ gamma, beta, rounds }: Affine): string {
  return [gamma && 'gamma', beta && 'beta', rounds && 'rounds'].filter(Boolean).join('+');
}

/** The name of the buffer in which an output lies: its own, or an input's where it is written in place. */
export type BufferOf = (output: string) => string;

/** The tensors laid out as x that are read and written, then the weights. */
export function fusedBuffers(
  { inputs, outputs }: Pick<Fusion, 'inputs' | 'outputs'>,
  { gamma, beta }: Affine,
  { dtype, inner }: KernelProblem,
  access: Access,
): ShaderBuffer[] {
  const elements = elementArray(dtype, access);
  const weights = weightArray(access, inner);
  return [
    ...inputs.map((name) => reads(name, elements)),
    ...outputs.map((name) => writes(name, elements)),
    ...(gamma ? [reads('gamma', weights)] : []),
    ...(beta ? [reads('beta', weights)] : []),
  ];
}

/** What is normalized, from a loader for each of its tensors. */
function normalizedFrom({ name }: Fusion, load: (tensor: string) => string): string {
  switch (name) {
    case 'forward':
    case 'normFirst':
      return load('x');
    case 'addForward':
      return `rounded(${load('x')} + ${load('residual')})`;
    case 'gateFirst':
      return `times_silu(${load('x')}, ${load('gate')})`;
    default:
      return unreachable(name);
  }
}

function writtenBy({ name }: Fusion): string {
  switch (name) {
    case 'forward':
    case 'gateFirst':
      return 'store_y(place, weighted(place, normed));';
    case 'addForward':
      return wgsl`
        store_sum(place, input);
        store_y(place, weighted(place, normed));
      `;
    case 'normFirst':
      return 'store_y(place, times_silu(weighted(place, normed), load_gate(place)));';
    default:
      return unreachable(name);
  }
}

/** What `norm_input` and `write_output` need: conversions, silu. */
export function elementwise({ name }: Fusion, problem: KernelProblem, access: Access): string {
  return wgsl`
    ${conversions(problem, COMPONENTS[access])}
    ${(name === 'gateFirst' || name === 'normFirst') && SILU}
  `;
}

/** `norm_input(place)`: the elements that are normalized; under another name where they are read in another way as well. */
export function normInput(fusion: Fusion, { dtype }: KernelProblem, access: Access, suffix = ''): string {
  return wgsl`
    ${fusion.normalized.map((name) => loadElements(`${name}${suffix}`, name, dtype, access))}
    fn norm_input${suffix}(place: Place) -> Elements {
      return ${normalizedFrom(fusion, (name) => `load_${name}${suffix}(place)`)};
    }
  `;
}

/** Where the sum of squares reads elements as the rest of the kernel does. */
export const NORM_INPUT_FOR_SUM: string =
  'fn norm_input_for_sum(place: Place) -> Elements { return norm_input(place); }';

/** `write_output(place, input, normed)`: what comes of the elements `input` and of input * r. */
export function writeOutput(fusion: Fusion, { dtype }: KernelProblem, access: Access, bufferOf: BufferOf): string {
  return wgsl`
    ${fusion.name === 'normFirst' && loadElements('gate', 'gate', dtype, access)}
    ${fusion.outputs.map((name) => storeElements(name, bufferOf(name), dtype, access))}
    fn write_output(place: Place, input: Elements, normed: Elements) {
      ${writtenBy(fusion)}
    }
  `;
}

/** Of row pairs in registers: `norm_input_by_words(place)`, and `neighbour(place)`, which is kept beside norm_input(place). */
export function normInputOfPair(fusion: Fusion): string {
  return wgsl`
    ${fusion.normalized.map((name) => [loadByWords(name), loadNeighbour(name)])}
    fn norm_input_by_words(place: Place) -> Elements {
      return ${normalizedFrom(fusion, (name) => `load_${name}_by_words(place)`)};
    }

    fn neighbour(place: Place) -> f32 {
      let v = ${normalizedFrom(fusion, (name) => `Elements(neighbour_${name}(place))`)};
      return v.x;
    }
  `;
}

/** `write_output(place, input, normed)` by the words of row pairs. */
export function writeOutputOfPair(fusion: Fusion, bufferOf: BufferOf): string {
  return wgsl`
    ${fusion.name === 'normFirst' && loadByWords('gate', 'load_gate')}
    ${fusion.outputs.map((name) => storeByWords(name, bufferOf(name)))}
    fn write_output(place: Place, input: Elements, normed: Elements) {
      ${writtenBy(fusion)}
    }
  `;
}

/** `weighted(place, normed)`: x * r becomes y, not yet rounded. */
export function weighting({ gamma, beta, rounds }: Affine, weights: WeightAccess, access: Access): string {
  const sum = `fma(v, ${gamma ? 'weight' : 'Elements(1.0)'}, load_beta(place))`;
  return wgsl`
    ${gamma && loadWeights('gamma', weights, access)}
    ${beta && loadWeights('beta', weights, access)}
    fn weighted(place: Place, normed: Elements) -> Elements {
      let v = ${rounds ? 'rounded(normed)' : 'normed'};
      ${gamma && `let weight = ${withOffset('load_gamma(place)')};`}
      return ${beta ? sum : gamma ? 'v * weight' : 'v'};
    }
  `;
}

/** The buffers of a shader, and which of them the outputs are. */
export function fusedKey(kernel: {
  readonly buffers: readonly ShaderBuffer[];
  readonly fusion: Fusion;
  readonly bufferOf: BufferOf;
}): string {
  const buffers = kernel.buffers.map(({ name, write }) => (write ? `${name}!` : name));
  return `${buffers.join(' ')}>${kernel.fusion.outputs.map(kernel.bufferOf).join(' ')}`;
}
