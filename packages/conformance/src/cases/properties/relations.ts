import fc from 'fast-check';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { float32Error, type Tolerance } from '../../expected/bounds.ts';
import { elements } from '../../inputs/elements.ts';
import { createRandom, type Random } from '../../inputs/random.ts';
import { forward, toleranceFor } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';
import { holds } from './holds.ts';

/** Relations between results, whatever the numbers: on rows of random size, made smaller where one does not hold. */
const RELATIONS: Readonly<Record<string, (subject: Subject, row: Row) => Promise<void>>> = {
  /** norm(2^k x) = norm(x) where eps is 0. */
  async 'scale-invariance'(subject, { inputs, draw }) {
    const factor = 2 ** draw.integer(-40, 40);
    const scaled = withX(
      inputs,
      inputs.x.values.map((value) => value * factor),
    );
    const [y, z] = [await forward(subject, inputs), await forward(subject, scaled)];
    close(subject, inputs, z.values, (i) => y.values[i]!, `norm(${factor} x) against norm(x)`);
  },

  /** norm(-x) = -norm(x). */
  async 'odd-function'(subject, { inputs }) {
    const negated = withX(
      inputs,
      inputs.x.values.map((value) => -value),
    );
    const [y, z] = [await forward(subject, inputs), await forward(subject, negated)];
    close(subject, inputs, z.values, (i) => -y.values[i]!, 'norm(-x) against -norm(x)');
  },

  /** Features in another order, gamma with them, give the same numbers in that order. */
  async permutation(subject, { inputs, draw }) {
    const size = inputs.gamma!.length;
    const order = Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const j = draw.integer(0, i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const x = inputs.x.values.map((_, i, all) => all[i - (i % size) + order[i % size]!]!);
    const gamma = inputs.gamma!.map((_, i, all) => all[order[i]!]!);
    const permuted = { ...withX(inputs, x), gamma };
    const [y, z] = [await forward(subject, inputs), await forward(subject, permuted)];
    const expected = (i: number): number => y.values[i - (i % size) + order[i % size]!]!;
    close(subject, inputs, z.values, expected, 'norm of permuted features against the permuted norm');
  },

  /** norm(x; gamma + delta) = norm(x; gamma) + norm(x; delta). */
  async 'linear-in-gamma'(subject, { inputs, draw }) {
    // On a grid, so that gamma + delta is exact.
    const grid = (): Float32Array => inputs.gamma!.map(() => draw.integer(-64, 64) / 16);
    const [gamma, delta] = [grid(), grid()];
    const results = [gamma, delta, gamma.map((value, i) => value + delta[i]!)].map((weights) =>
      forward(subject, { ...inputs, gamma: weights }),
    );
    const [first, second, sum] = await Promise.all(results);
    const expected = (i: number): number => first!.values[i]! + second!.values[i]!;
    // Both terms may be larger than their sum: the bound refers to them.
    const terms = (i: number): number => Math.abs(first!.values[i]!) + Math.abs(second!.values[i]!);
    close(subject, inputs, sum!.values, expected, 'norm with gamma + delta against the sum of both', terms);
  },

  /** A row followed by itself has the statistic of the row. */
  async 'doubled-row'(subject, { inputs, shape }) {
    const [rows, size] = shape;
    const x = new Float32Array(2 * rows * size);
    for (let i = 0; i < x.length; i++) x[i] = inputs.x.values[Math.floor(i / (2 * size)) * size + (i % size)]!;
    const doubled = inputsOf(
      {
        shape: [rows, 2 * size],
        options: { ...inputs.options, dim: 2 * size },
        x: () => Float64Array.from(x),
        gamma: null,
      },
      createRandom(0),
    );
    const y = await forward(subject, { ...inputs, gamma: null });
    const z = await forward(subject, doubled);
    const expected = (i: number): number => y.values[Math.floor(i / (2 * size)) * size + (i % size)]!;
    close(subject, doubled, z.values, expected, 'norm of a row that is repeated against norm of the row');
  },
};

/** Rows that a relation is tried on. */
interface Row {
  readonly shape: readonly [rows: number, size: number];
  readonly inputs: ForwardInputs;
  readonly draw: Random;
}

const RUNS = 40;

/** Each relation on random rows. */
export const relationCases: readonly Case[] = Object.entries(RELATIONS).map(([name, relation]) => ({
  id: caseId('forward/properties', { relation: name }),
  requires: { op: 'forward', dtypes: ['float32'] },
  run: (subject) =>
    holds(
      subject,
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 700 }),
        fc.nat(),
        async (rows, size, seed) => {
          const draw = createRandom(seed, name);
          const spec: ForwardSpec = { shape: [rows, size], options: { dim: size, axis: -1, eps: 0 } };
          await relation(subject, { shape: [rows, size], inputs: inputsOf(spec, draw), draw });
        },
      ),
      RUNS,
    ),
}));

function withX(inputs: ForwardInputs, values: Float32Array): ForwardInputs {
  const x = elements(inputs.x.dtype, values);
  return { ...inputs, x, operands: { ...inputs.operands, x: x.values } };
}

/** Two results of the backend, each within its bound, are within twice the bound of each other. */
function close(
  subject: Subject,
  inputs: ForwardInputs,
  got: Float32Array,
  expected: (index: number) => number,
  what: string,
  terms: (index: number) => number = () => 0,
): void {
  const tolerance: Tolerance = toleranceFor(subject, inputs);
  for (let i = 0; i < got.length; i++) {
    const other = expected(i);
    const magnitude = Math.max(Math.abs(got[i]!), Math.abs(other), terms(i));
    const bound = 2 * float32Error(tolerance, magnitude);
    check(
      Math.abs(got[i]! - other) <= bound,
      () => `${what}: element ${i} of ${got.length} is ${got[i]}, ${other} was to be expected within ${bound}`,
    );
  }
}
