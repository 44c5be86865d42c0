// The few tools with which shaders are put together: WGSL has neither includes nor generics, so that both are text.

/** Lines of WGSL; what is null, false or empty is left out. */
export function lines(...parts: readonly (string | null | false)[]): string {
  return parts.filter((part) => part).join('\n');
}

/** `line(0)` to `line(count - 1)`: a loop over registers, which WGSL cannot index without spilling them. */
export function unrolled(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

/** The sum of terms as a balanced tree, which is the order of the additions: ((a + b) + (c + d)) + ... */
export function tree(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  // Halves as even as they come; the first is never the shorter one.
  const half = Math.ceil(terms.length / 2);
  return `(${tree(terms.slice(0, half))} + ${tree(terms.slice(half))})`;
}

/** WGSL's f32, vec2f or vec4f: how many elements an invocation handles at a time. */
export type Lanes = 1 | 2 | 4;

const NAMES: Readonly<Record<Lanes, (scalar: 'f' | 'u' | 'i') => string>> = {
  1: (scalar) => `${scalar}32`,
  2: (scalar) => `vec2${scalar}`,
  4: (scalar) => `vec4${scalar}`,
};

/** Aliases for a vector and its bits. Code written with them serves one element at a time, two and four. */
export function aliases(vector: string, bits: string, integer: string, lanes: Lanes): string {
  const name = NAMES[lanes];
  return `alias ${vector} = ${name('f')}; alias ${bits} = ${name('u')}; alias ${integer} = ${name('i')};`;
}

/** `expression(0)`, ... as a vector, or as the scalar that one lane is. */
export function vector(type: string, lanes: Lanes, expression: (lane: number) => string): string {
  return `${type}(${Array.from({ length: lanes }, (_, lane) => expression(lane)).join(', ')})`;
}

/** One component of a value of so many lanes. */
export function component(value: string, lanes: Lanes, lane: number): string {
  return lanes === 1 ? value : `${value}.${'xyzw'[lane]}`;
}
