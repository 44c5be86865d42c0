import { type Array as JaxArray, numpy as np, vjp } from '@jax-js/jax';
import type { Workload } from '../workload.ts';
import { layoutDims } from './layout-dims.ts';

/** Gives the outputs of a workload in their order: y, or y and sum, or dx and dgamma. */
export type JaxFunction = (...inputs: JaxArray[]) => JaxArray[];

/**
 * A workload in operations of jax-js, for `jit`. Its arguments are x, gamma and, where there is one, the second input.
 * Every use consumes an array, as everywhere in jax-js; `.ref` allows one more use.
 */
export function jaxFunction({ op, eps, shape }: Workload): JaxFunction {
  const { axis } = layoutDims(shape.layout);
  const norm = (x: JaxArray, gamma: JaxArray): JaxArray => {
    const ms = np.mean(np.square(x.ref), axis, { keepdims: true });
    return x.mul(np.reciprocal(np.sqrt(ms.add(eps)))).mul(gamma);
  };
  switch (op) {
    case 'forward':
      return (x, gamma) => [norm(x!, gamma!)];
    case 'addForward':
      return (x, gamma, residual) => {
        const sum = x!.add(residual!);
        return [norm(sum.ref, gamma!), sum];
      };
    case 'gatedForward':
      return (x, gamma, gate) => [norm(x!.mul(silu(gate!)), gamma!)];
    case 'backward':
      return (x, gamma, dy) => {
        const [y, back] = vjp(norm, [x!, gamma!]);
        y.dispose();
        const gradients = back(dy!) as JaxArray[];
        back.dispose();
        return gradients;
      };
    case 'forwardQuantized':
      throw new Error('jax-js has no int8 arrays');
    default:
      throw new Error(`no function is known of ${op satisfies never}`);
  }
}

function silu(z: JaxArray): JaxArray {
  return z.ref.mul(np.reciprocal(np.exp(z.mul(-1)).add(1)));
}
