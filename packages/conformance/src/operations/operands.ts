import type { Tensor } from '@rmsnorm/core';
import { rowsShape } from '../expected/normalization.ts';
import type { Elements } from '../inputs/elements.ts';
import type { ForwardInputs } from './forward-spec.ts';
import type { Input, Named, Output } from './operation-model.ts';

/** x, gamma and beta of a norm, as inputs of an operation. */
export function normInputs({ x, shape, gamma, beta }: ForwardInputs): Named<Input> {
  return {
    x: { content: x, shape },
    ...(gamma && { gamma: vector(gamma) }),
    ...(beta && { beta: vector(beta) }),
  };
}

/** rstd as an output, where the spec asks for it. */
export function rstdOutput({ spec, operands }: ForwardInputs): Named<Output> {
  return spec.rstd ? { rstd: { dtype: 'float32', shape: rowsShape(operands.normalization), made: 'asked' } } : {};
}

/** gamma and beta as the functions of core take them. */
export function weightTensors({ gamma, beta }: Named<Tensor>): { gamma?: Tensor; beta?: Tensor } {
  return { ...(gamma && { gamma }), ...(beta && { beta }) };
}

export function float32Elements(values: Float32Array): Elements {
  return { dtype: 'float32', data: values, values };
}

function vector(values: Float32Array): Input {
  return { content: float32Elements(values), shape: [values.length] };
}
