import type { Shader } from '../../plan.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import type { Problem } from '../problem.ts';
import { AT, type Declared, declarations, load, store, withOffset } from '../wgsl/access.ts';
import { compensated, workgroupTotals } from '../wgsl/compensated.ts';
import { enableF16, narrow, widen } from '../wgsl/float16.ts';
import { PARAMETERS } from '../wgsl/parameters.ts';
import { statistics } from '../wgsl/statistic.ts';
import { aliases, lines } from '../wgsl/template.ts';

/**
 * dx, and the gradients of the weights, of columns whose statistics are there: a workgroup has a block of one feature, or
 * of two of 16 bits, in all slabs of its group. Such blocks begin and end at a word.
 */
export interface BlockKernel {
  readonly p: Problem;
  readonly buffers: readonly Declared[];
  readonly gamma: boolean;
  readonly dsum: boolean;
  /** Where dx lies. */
  readonly target: string;
  /** Invocations of a workgroup, a power of two. */
  readonly width: number;
}

/** Features of a block. */
export function blockOf({ dtype }: Problem): 1 | 2 {
  return dtype === 'float32' ? 1 : 2;
}

/** Whether blocks share no words. */
export function inBlocks({ dtype, size, inner }: Problem): boolean {
  return inner > 1 && (dtype === 'float32' || (size * inner) % 2 === 0);
}

export function blockShader(kernel: BlockKernel): Shader {
  const { p, buffers, gamma, dsum, target, width } = kernel;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `gradient-blocks:${p.dtype},${gamma},${dsum},${width}:${names}>${target}`,
    code: () => code(kernel),
  };
}

/** Of an invocation's elements, which lie in a word: one, or two of either feature. */
const OF_ONE = `
alias Flags = bool;
fn second_feature(e: u32) -> bool { return false; }
fn row_at(slab: u32, e: u32) -> u32 { return slab * p.inner + e; }
fn kept(row: u32) -> Kept { let a = statistics[row]; return Kept(Statistic(bitcast<f32>(a.x), bitcast<i32>(a.y)), bitcast<f32>(a.z)); }
fn each_feature(v: V, second: Flags) -> V { return v; }
fn of_feature(both: V, second: Flags) -> V { return both; }
fn feature_index(first: u32, second: Flags) -> u32 { return first; }`;
const OF_TWO = `
alias Flags = vec2<bool>;
fn second_feature(e: u32) -> Flags { return vec2u(e, e + 1u) >= vec2u(p.inner); }
fn row_at(slab: u32, e: u32) -> vec2u {
  return slab * p.inner + vec2u(e, e + 1u) - select(vec2u(), vec2u(p.inner), second_feature(e));
}
fn kept(row: vec2u) -> Kept {
  let a = statistics[row.x];
  let b = statistics[row.y];
  return Kept(Statistic(bitcast<V>(vec2u(a.x, b.x)), bitcast<I>(vec2u(a.y, b.y))), bitcast<V>(vec2u(a.z, b.z)));
}
fn each_feature(v: V, second: Flags) -> V {
  let first = select(v, V(), second);
  let other = select(V(), v, second);
  return V(first.x + first.y, other.x + other.y);
}
fn of_feature(both: V, second: Flags) -> V { return select(both.xx, both.yy, second); }
fn feature_index(first: u32, second: Flags) -> vec2u { return first + select(vec2u(), vec2u(1u), second); }`;

function code({ p, buffers, gamma, dsum, target, width }: BlockKernel): string {
  const block = blockOf(p);
  const access = block === 1 ? 'one' : 'word';
  const put = (name: string, total: string): string | false =>
    buffers.some((buffer) => buffer.name === name) &&
    `    ${name}[feature + i] = value_of_total(Total(V(${total}.high${block === 1 ? '' : '[i]'}), V(${total}.low${block === 1 ? '' : '[i]'})))${block === 1 ? '' : '.x'};`;
  const part = (of: string): string => (block === 1 ? of : `${of}[i]`);
  return lines(
    enableF16(p),
    PARAMETERS,
    declarations(buffers),
    AT,
    aliases('V', 'U', 'I', block),
    aliases('S', 'SU', 'SI', block),
    `alias SB = ${block === 1 ? 'bool' : 'vec2<bool>'};`,
    widen(p),
    narrow(p, block),
    load('x', 'x', p.dtype, access),
    load('dy', 'dy', p.dtype, access),
    dsum && load('dsum', 'dsum', p.dtype, access),
    store('dx', target, p.dtype, access),
    statistics({ product: true }),
    compensated(),
    'struct Kept { statistic: Statistic, mean: V }',
    block === 1 ? OF_ONE : OF_TWO,
    workgroupTotals(width),
    `
@compute @workgroup_size(${width})
fn main(${BUILTINS}) {
  let group = ${WORKGROUP_INDEX};
  let blocks = (p.size + ${block - 1}u) / ${block}u;
  let chunk = group / (blocks * p.groups);
  if (chunk >= p.chunks) { return; }
  let own_group = (group / blocks) % p.groups;
  // Within its group of features.
  let first = (group % blocks) * ${block}u;
  let feature = own_group * p.size + first;
  let words = min(${block}u, p.size - first) * p.inner / ${block}u;
  let slabs = p.rows / p.inner;
  let first_slab = (own_group + p.groups - p.first_slab % p.groups) % p.groups;
  let count = select(0u, (slabs - first_slab + p.groups - 1u) / p.groups, slabs > first_slab) * words;
  let each = (count + p.chunks - 1u) / p.chunks;`,
    gamma &&
      `  let weights = ${withOffset(`V(${block === 1 ? 'gamma[feature]' : 'gamma[feature], gamma[feature + 1u]'})`)};`,
    `
  var gamma_sum = Total();
  var beta_sum = Total();
  for (var t = chunk * each + index; t < min((chunk + 1u) * each, count); t += ${width}u) {
    let slab = first_slab + (t / words) * p.groups;
    let e = (t % words) * ${block}u;
    let at = At((slab * p.size + first) * p.inner + e, ${block}u, 0u, 0u);
    let second = second_feature(e);
    let row = kept(row_at(slab, e));
    let s = row.statistic;
    let dy = load_dy(at);
    let n = product(load_x(at), s);
    let g = dy${gamma ? ' * of_feature(weights, second)' : ''};
    // At a zero denominator the mean is 0, and n may be infinite.
    let through = (feature_index(first, second) < ${block === 1 ? 'p.stat_size' : 'vec2u(p.stat_size)'}) & (s.power != SI(ZERO_ROW));
    let scaled = product(select(g, fma(-n, row.mean, g), through), s);
    store_dx(at, ${dsum ? 'fma(scaled, V(p.alpha), load_dsum(at))' : 'scaled * p.alpha'});
    gamma_sum = add(gamma_sum, each_feature(dy * (n * p.alpha), second));
    beta_sum = add(beta_sum, each_feature(dy, second));
  }
  let g = total_of(gamma_sum, index);
  let b = total_of(beta_sum, index);
  if (index != 0u) { return; }
  for (var i = 0u; i < min(${block}u, p.size - first); i++) {`,
    put('dgamma', 'g'),
    put('dbeta', 'b'),
    buffers.some(({ name }) => name === 'partials') &&
      `    partials[(p.first_chunk + chunk) * p.groups * p.size + feature + i] = vec4f(${['g.high', 'g.low', 'b.high', 'b.low'].map(part).join(', ')});`,
    '  }',
    '}',
  );
}
