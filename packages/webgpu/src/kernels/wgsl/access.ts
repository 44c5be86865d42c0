import type { FloatDType } from '@rmsnorm/core';
import type { Binding, Operands } from '../../plan.ts';
import { component, type Lanes, lines, vector } from './template.ts';

/**
 * How an invocation gets at the elements of a tensor laid out as x:
 *
 * - `quad`: four neighbours that start at a multiple of 4
 * - `ragged`: up to four neighbours; those of 16 bits start at an even element
 * - `word`: the two 16-bit elements of a word, or the last one
 * - `one`: one element
 * - `loose`: up to four 16-bit neighbours from anywhere; only read
 * - `pair`: the elements at the same place of two successive rows, of 16 bits; only read
 * - `twins`: the same of two neighbouring places, first those of the first; written by the word (see twins.ts)
 *
 * Every word that is written is written by one invocation, which has read it before.
 */
export type Access = 'quad' | 'ragged' | 'loose' | 'word' | 'one' | 'pair' | 'twins';

export const LANES: Readonly<Record<Access, Lanes>> = {
  quad: 4,
  ragged: 4,
  loose: 4,
  word: 2,
  one: 1,
  pair: 2,
  twins: 4,
};

/** Where elements lie: the first one's index here, how many there are, and which features they belong to. */
export const AT = `struct At {
  i: u32,
  n: u32,
  f: u32,
  g: u32, // of the second, where it need not be f + 1
}`;

/** A buffer of a shader. */
export interface Declared {
  readonly name: string;
  /** WGSL's type. */
  readonly type: string;
  readonly write: boolean;
}

/** Of a tensor laid out as x. */
export function elementType(dtype: FloatDType, access: Access): string {
  if (dtype === 'float32') return access === 'quad' ? 'array<vec4f>' : 'array<f32>';
  return access === 'quad' ? 'array<vec2u>' : 'array<u32>';
}

/** The declarations of buffers and of the uniform behind them. */
export function declarations(buffers: readonly Declared[]): string {
  return lines(
    ...buffers.map(
      ({ name, type, write }, index) =>
        `@group(0) @binding(${index}) var<storage, ${write ? 'read_write' : 'read'}> ${name}: ${type};`,
    ),
    `@group(0) @binding(${buffers.length}) var<uniform> p: Parameters;`,
  );
}

/** Buffers as they are bound: one that is written in place of another is the other, and some have to be read_write. */
export function bound(buffers: readonly Declared[], { inPlace, writable }: Operands): Declared[] {
  const kept = buffers.filter(({ name }) => !(name in inPlace));
  const overwritten = new Set(buffers.map(({ name }) => inPlace[name]));
  return kept.map((buffer) => ({
    ...buffer,
    write: buffer.write || overwritten.has(buffer.name) || writable.has(buffer.name),
  }));
}

export function bindings(
  buffers: readonly Declared[],
  range: (name: string) => Partial<Binding> = () => ({}),
): Binding[] {
  return buffers.map(({ name, write }) => ({ buffer: name, access: write ? 'read_write' : 'read', ...range(name) }));
}

/** `load_NAME(at)`: elements as numbers, zeros beyond the last. */
export function load(name: string, variable: string, dtype: FloatDType, access: Access): string {
  return `fn load_${name}(at: At) -> V { ${dtype === 'float32' ? loadFloat32(variable, access) : loadHalves(variable, access)} }`;
}

function loadFloat32(x: string, access: Access): string {
  switch (access) {
    case 'quad':
      return `return ${x}[at.i >> 2u];`;
    case 'ragged':
      return `return select(V(), V(${x}[at.i], ${x}[at.i + 1u], ${x}[at.i + 2u], ${x}[at.i + 3u]), FIRST_FOUR < vec4u(at.n));`;
    default:
      return `return ${x}[at.i];`;
  }
}

function loadHalves(x: string, access: Access): string {
  const half = (index: string): string => `widen(${x}[(${index}) >> 1u])[(${index}) & 1u]`;
  switch (access) {
    case 'quad':
      return `let words = ${x}[at.i >> 2u]; return V(widen(words.x), widen(words.y));`;
    case 'ragged':
      return `return select(V(), V(widen(${x}[at.i >> 1u]), widen(${x}[(at.i >> 1u) + 1u])), FIRST_FOUR < vec4u(at.n));`;
    case 'word':
      return `let pair = widen(${x}[at.i >> 1u]); return V(pair.x, select(0.0, pair.y, at.n > 1u));`;
    case 'one':
      return `return ${half('at.i')};`;
    case 'loose':
      return `return select(V(), ${vector('V', 4, (i) => half(`at.i + ${i}u`))}, FIRST_FOUR < vec4u(at.n));`;
    case 'pair':
      return `return V(${half('at.i')}, select(0.0, ${half('at.i + p.size')}, at.n > 1u));`;
    case 'twins':
      return `let first = widen(${x}[at.i >> 1u]); let w = (at.i + p.size) >> 1u; return select(V(), V(first.x, widen(${x}[w]).y, first.y, widen(${x}[w + 1u]).x), twins_here(at));`;
  }
}

/** `store_NAME(at, v)`. */
export function store(name: string, variable: string, dtype: FloatDType, access: Access): string {
  return `fn store_${name}(at: At, v: V) { ${dtype === 'float32' ? storeFloat32(variable, access) : storeHalves(variable, access)} }`;
}

function storeFloat32(y: string, access: Access): string {
  switch (access) {
    case 'quad':
      return `${y}[at.i >> 2u] = v;`;
    case 'ragged':
      return `${y}[at.i] = v.x; ${['y', 'z', 'w'].map((c, i) => `if (at.n > ${i + 1}u) { ${y}[at.i + ${i + 1}u] = v.${c}; }`).join(' ')}`;
    default:
      return `${y}[at.i] = v;`;
  }
}

function storeHalves(y: string, access: Access): string {
  const word = (index: string, low: string, high: string, least: number): string =>
    // A last half word's other half is not ours.
    `${y}[${index}] = h.${low} | select(${y}[${index}] & 0xffff0000u, h.${high} << 16u, at.n > ${least}u);`;
  switch (access) {
    case 'quad':
      return `let h = narrow(v); ${y}[at.i >> 2u] = h.xz | (h.yw << vec2u(16u));`;
    case 'ragged':
      return `let h = narrow(v); let w = at.i >> 1u; ${word('w', 'x', 'y', 1)} if (at.n > 2u) { ${word('w + 1u', 'z', 'w', 3)} }`;
    case 'word':
      return `let h = narrow(v); let w = at.i >> 1u; ${word('w', 'x', 'y', 1)}`;
    default:
      throw new Error(`16-bit elements are not written by '${access}'`);
  }
}

/** Which of the features' numbers go with the elements: one for all, neighbours, two of any, two neighbours of each of these, those of twins' words, or four of any. */
export type Along = 'splat' | 'neighbours' | 'two' | 'twins' | 'words' | 'four';

/** `load_NAME(at)` for gamma and beta, float32. */
export function loadWeights(name: string, along: Along, access: Access): string {
  const lanes = LANES[access];
  const body = {
    splat: `V(${name}[at.f])`,
    neighbours: access === 'quad' ? `${name}[at.f >> 2u]` : vector('V', lanes, (i) => `${name}[at.f + ${i}u]`),
    two: `V(${name}[at.f], ${name}[at.g])`,
    twins: `V(${name}[at.f], ${name}[at.g], ${name}[at.f + 1u], ${name}[at.g + 1u])`,
    words: `V(${name}[at.f], ${name}[select(at.f + 1u, second_row, at_end(at))], ${name}[at.g + 1u], ${name}[at.g + 2u])`,
    four: vector('V', 4, (i) => `${name}[${component('features(at.i)', 4, i)}]`),
  }[along];
  return `fn load_${name}(at: At) -> V { return ${body}; }`;
}

/** The weight that a number of gamma is: the offset stands as two. */
export function withOffset(gamma: string): string {
  return `((${gamma} + p.weight_offset) + p.weight_offset_low)`;
}

export const FIRST_FOUR = 'const FIRST_FOUR = vec4u(0u, 1u, 2u, 3u);';
