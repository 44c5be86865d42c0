// The right results, by the formula of epsMode 'add' without beta: BenchOptions allow no other.

import { exactBackward } from './backward.ts';
import { decodeByTable } from './decode-by-table.ts';
import { type Expected, type Operation, TOLERANCE, withTolerance, withToleranceOfLargest } from './expected.ts';
import { exactForward } from './forward.ts';
import { exactQuantized } from './quantized.ts';

/** All outputs of an operation, by name: y, sum, dx, dgamma, q, scales. */
export function exactOutputs({
  op,
  dtype,
  layout,
  eps,
  affine,
  gamma,
  inputs,
}: Operation): Readonly<Record<string, Expected>> {
  const x = decodeByTable(inputs.x, dtype);
  const forward = (input: Float32Array): Float32Array => exactForward(input, gamma, layout, eps);
  switch (op) {
    case 'forward':
      return { y: withTolerance(forward(x), dtype) };
    case 'addForward': {
      const residual = decodeByTable(inputs.residual!, dtype);
      const sum = x.map((value, i) => value + residual[i]!);
      // Where x and residual cancel, the rounding of both remains.
      return {
        y: withToleranceOfLargest(forward(sum), dtype, TOLERANCE[dtype]),
        sum: withToleranceOfLargest(sum, dtype, TOLERANCE[dtype]),
      };
    }
    case 'gatedForward': {
      const gate = decodeByTable(inputs.gate!, dtype);
      return { y: withTolerance(forward(x.map((value, i) => value * silu(gate[i]!))), dtype) };
    }
    case 'backward': {
      const { dx, dgamma } = exactBackward(x, decodeByTable(inputs.dy!, dtype), gamma, layout, eps);
      // Peers add up dgamma in float32, row by row.
      return {
        dx: withToleranceOfLargest(dx, dtype, TOLERANCE[dtype]),
        ...(affine && { dgamma: withToleranceOfLargest(dgamma, 'float32', 10 * TOLERANCE[dtype]) }),
      };
    }
    case 'forwardQuantized': {
      const { q, scales } = exactQuantized(forward(x), layout);
      return {
        q: { dtype: 'int8', values: q, relative: 0, absolute: 0.51 },
        scales: withTolerance(scales, 'float32'),
      };
    }
    default:
      throw new Error(`no result is known of ${op satisfies never}`);
  }
}

function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}
