import type { Components } from '../planning/access.ts';
import { wgsl } from './template.ts';

const TYPES: Readonly<Record<Components, { floats: string; bits: string; ints: string; bools: string }>> = {
  1: { floats: 'f32', bits: 'u32', ints: 'i32', bools: 'bool' },
  2: { floats: 'vec2f', bits: 'vec2u', ints: 'vec2i', bools: 'vec2<bool>' },
  4: { floats: 'vec4f', bits: 'vec4u', ints: 'vec4i', bools: 'vec4<bool>' },
};

/** Code written with these serves one element at a time, two and four. */
export function elementAliases(components: Components): string {
  const { floats, bits, ints } = TYPES[components];
  return wgsl`
    // What an invocation reads at a time.
    alias Elements = ${floats};
    alias ElementBits = ${bits};
    alias ElementInts = ${ints};
  `;
}

/** The same for one number of each row. */
export function rowAliases(rows: Components): string {
  const { floats, bits, ints, bools } = TYPES[rows];
  return wgsl`
    // A number for each row that an invocation has elements of.
    alias RowValues = ${floats};
    alias RowBits = ${bits};
    alias RowInts = ${ints};
    alias RowBools = ${bools};
  `;
}

/** `expression(0)`, ... as a vector, or as the scalar where there is one. */
export function vector(type: string, components: Components, expression: (component: number) => string): string {
  return `${type}(${Array.from({ length: components }, (_, component) => expression(component)).join(', ')})`;
}

/** One component of a value that has so many. */
export function componentOf(value: string, components: Components, component: number): string {
  return components === 1 ? value : `${value}.${'xyzw'[component]}`;
}
