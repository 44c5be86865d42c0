import { lines } from './template.ts';

// Two rows of an odd number of 16-bit elements begin and end at a word, and share one in the middle. An invocation has
// features 2j and 2j + 1 of both, so that a feature's place among the sums is the same in either row; S has the first
// row's number, the second's, and both again. Of the first row that is a word. The second's lie across: the invocation
// writes its word of 2j + 1 and 2j + 2, and holds 2j + 2 besides. Behind the first row's last feature stands the second
// row's first: of the last j that is what it holds besides.

/** At.n of twins: elements of the first row, and as many of the second where there is one. */
export const TWIN_PLACES = `
fn place(row: Row, j: u32) -> At {
  let n = 2u * row.n - select(0u, 1u, 2u * j + 1u >= p.size);
  return At(row.base + 2u * j, n, row.feature + 2u * j, first_feature(row.index + 1u) + 2u * j);
}
// Whether the second of the features lies beyond the row: then n is odd.
fn at_end(at: At) -> bool { return (at.n & 1u) == 1u; }
fn twins_here(at: At) -> vec4<bool> { return vec4<bool>(true, at.n > 2u, !at_end(at), at.n == 4u); }
fn steps(row: Row) -> u32 { return (p.size + 1u) / 2u; }
fn statistic_steps(row: Row) -> u32 { return (p.stat_size + 1u) / 2u; }
fn units() -> u32 { return (p.rows + 1u) / 2u; }`;

/** From an invocation's elements to both rows, twice. */
export const OF_TWINS = `
fn sum_of(v: V) -> S { return v + v.zwxy; }
fn max_of(v: U) -> SU { return max(v, v.zwxy); }`;

/** `besides_NAME(at)`: the element that is held besides, of the second row. */
export function loadBesides(name: string): string {
  return `fn besides_${name}(at: At) -> f32 { return widen(${name}[select(((at.i + p.size) >> 1u) + 1u, at.i >> 1u, at_end(at))]).y; }`;
}

/** What stands in the invocation's words, in their order, of its elements and the one besides; and what goes with it. */
export function twinWords(gamma: boolean): string {
  return lines(
    `
fn in_words(at: At, v: V, besides: f32) -> V { return V(v.x, select(v.z, besides, at_end(at)), v.w, besides); }
fn rows_in_words(at: At, v: S) -> S { return select(v.xxyy, v.xyyy, at_end(at)); }
fn statistic_in_words(at: At, s: Statistic) -> Statistic {
  return Statistic(rows_in_words(at, s.r), select(s.power.xxyy, s.power.xyyy, at_end(at)));
}
fn statistic_besides(s: Statistic) -> Statistic { return Statistic(s.r.yyyy, s.power.yyyy); }
// Features of a group.
fn features_in_words(at: At, j: u32) -> vec4u {
  return select(2u * j + vec4u(0u, 1u, 1u, 2u), vec4u(2u * j, 0u, 0u, 0u), at_end(at));
}`,
    gamma &&
      `
fn gamma_in_words(at: At, j: u32) -> V {
  let f = features_in_words(at, j);
  let first = at.f - 2u * j;
  let second = at.g - 2u * j;
  return V(gamma[first + f.x], gamma[select(first, second, at_end(at)) + f.y], gamma[second + f.z], gamma[second + f.w]);
}`,
  );
}

/** `NAME_in_words(at)`, or by another name. */
export function loadWords(name: string, loader: string = `${name}_in_words`): string {
  return `fn ${loader}(at: At) -> V { return V(widen(${name}[at.i >> 1u]), widen(${name}[((at.i + p.size) >> 1u) + 1u])); }`;
}

/** `store_NAME(at, v)`: the words; a last half word's other half is not ours. */
export function storeWords(name: string, variable: string): string {
  return `
fn store_${name}(at: At, v: V) {
  let h = narrow(v);
  let w = at.i >> 1u;
  ${variable}[w] = h.x | select(h.y << 16u, ${variable}[w] & 0xffff0000u, at.n == 1u);
  if (at.n == 4u) { ${variable}[((at.i + p.size) >> 1u) + 1u] = h.z | (h.w << 16u); }
}`;
}
