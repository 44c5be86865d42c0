import type { FloatDType, Op, OperandName } from '@rmsnorm/core';

/** The numbers of a call that follow from its problem. */
const NUMBERS = [
  'op',
  'dtype',
  'outer',
  'groups',
  'size',
  'inner',
  'statSize',
  'numerator',
  'sumFactor',
  'epsUnderRoot',
  'leastNorm',
  'clampedNorm',
  'leastSum',
  'alpha',
  'weightOffset',
  'llama',
  'normBeforeGate',
  'count',
  'hasScale',
  'scale',
] as const;

/** Those that are addresses. What an operation reads and what it writes under one name are two fields. */
const ADDRESSES = [
  'x',
  'residual',
  'gate',
  'gamma',
  'beta',
  'dy',
  'rstdIn',
  'dsum',
  'sumsIn',
  'y',
  'sum',
  'rstd',
  'sums',
  'dx',
  'dgamma',
  'dbeta',
  'q',
  'scales',
] as const;

export type Field = (typeof NUMBERS)[number] | (typeof ADDRESSES)[number];

/** Where each number of a call stands. */
export type Places = { readonly [F in Field]: number };

/**
 * The places of all fields.
 * @returns the names that are missing, where the addon has not all of them: it is of another version
 */
export function placesIn(fields: readonly string[]): Places | readonly Field[] {
  const names = [...NUMBERS, ...ADDRESSES];
  const missing = names.filter((name) => !fields.includes(name));
  if (missing.length > 0) return missing;
  return Object.fromEntries(names.map((name) => [name, fields.indexOf(name)])) as unknown as Places;
}

/** The field of an operand's address. */
export function fieldOf(name: OperandName, role: 'input' | 'output'): Field {
  if (role === 'input' && name === 'rstd') return 'rstdIn';
  if (role === 'input' && name === 'sums') return 'sumsIn';
  return name;
}

/** The codes of operations and dtypes. What only core knows does not compile here. */
export const OP: { readonly [O in Op]: number } = {
  forward: 0,
  addForward: 1,
  gatedForward: 2,
  backward: 3,
  sumSquares: 4,
  scaleBy: 5,
  forwardQuantized: 6,
};

export const DTYPE: { readonly [D in FloatDType]: number } = { float32: 0, float16: 1, bfloat16: 2 };
