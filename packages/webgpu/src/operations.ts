import type { Op } from '@rmsnorm/core';

/** The buffers of an operation, by the names of core's driver interface. */
export interface Operation {
  readonly op: Op;
  /** Inputs first, then outputs. */
  readonly names: readonly string[];
  readonly inputs: number;
  /** For each output, the inputs whose very memory it may be. */
  readonly inPlace: Readonly<Record<string, readonly string[]>>;
}

export const OPERATIONS: Readonly<Record<Op, Operation>> = {
  forward: operation('forward', ['x', 'gamma', 'beta'], { y: ['x'], rstd: [] }),
  addForward: operation('addForward', ['x', 'residual', 'gamma', 'beta'], {
    y: ['x', 'residual'],
    sum: ['x', 'residual'],
    rstd: [],
  }),
  gatedForward: operation('gatedForward', ['x', 'gate', 'gamma', 'beta'], { y: ['x', 'gate'], rstd: [] }),
  backward: operation('backward', ['x', 'gamma', 'dy', 'rstd', 'dsum'], { dx: ['dy', 'x'], dgamma: [], dbeta: [] }),
  sumSquares: operation('sumSquares', ['x'], { sums: [] }),
  scaleBy: operation('scaleBy', ['x', 'sums', 'gamma', 'beta'], { y: ['x'] }),
  forwardQuantized: operation('forwardQuantized', ['x', 'gamma', 'beta'], { q: [], scales: [] }),
};

function operation(op: Op, inputs: readonly string[], inPlace: Readonly<Record<string, readonly string[]>>): Operation {
  return { op, names: [...inputs, ...Object.keys(inPlace)], inputs: inputs.length, inPlace };
}
