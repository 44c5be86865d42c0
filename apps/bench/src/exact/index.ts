import { decoded } from '../decoded.ts';
import { exactBackward } from './backward.ts';
import { type Expected, type Question, TOLERANCE, withTolerance, withToleranceOfLargest } from './expected.ts';
import { exactForward } from './forward.ts';
import { exactQuantized } from './quantized.ts';

/** The right answers, by the outputs' names: y, sum, dx, dgamma, q, scales. */
export function exact({ op, dtype, layout, eps, gamma, inputs }: Question): Record<string, Expected> {
  const x = decoded(inputs.x, dtype);
  const forward = (input: Float32Array): Float32Array => exactForward(input, gamma, layout, eps);
  switch (op) {
    case 'forward':
      return { y: withTolerance(forward(x), dtype) };
    case 'addForward': {
      const residual = decoded(inputs.residual!, dtype);
      const sum = x.map((value, i) => value + residual[i]!);
      // An element that cancels keeps the rounding of its addends.
      return {
        y: withToleranceOfLargest(forward(sum), dtype, TOLERANCE[dtype]),
        sum: withToleranceOfLargest(sum, dtype, TOLERANCE[dtype]),
      };
    }
    case 'gatedForward': {
      const gate = decoded(inputs.gate!, dtype);
      return { y: withTolerance(forward(x.map((value, i) => value * silu(gate[i]!))), dtype) };
    }
    case 'backward': {
      const { dx, dgamma } = exactBackward(x, decoded(inputs.dy!, dtype), gamma, layout, eps);
      // Peers sum dgamma in float32, one row after the other.
      return {
        dx: withToleranceOfLargest(dx, dtype, TOLERANCE[dtype]),
        dgamma: withToleranceOfLargest(dgamma, 'float32', 10 * TOLERANCE[dtype]),
      };
    }
    case 'forwardQuantized': {
      const { q, scales } = exactQuantized(forward(x), layout);
      return {
        q: { dtype: 'int8', values: q, relative: 0, absolute: 0.51 },
        scales: withTolerance(scales, 'float32'),
      };
    }
  }
}

function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}
