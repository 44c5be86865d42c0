import { rmsNorm } from '@rmsnorm/core';
import { toleranceOf } from '../expected/bounds.ts';
import { compareForward, compareRstd } from '../expected/compare-forward.ts';
import { type ForwardSpec, inputsOf, requirementsOf, rstdShape } from './forward-spec.ts';
import type { Operation, Prepared } from './operation-model.ts';
import { normOperands, weightTensors } from './weights.ts';

/** forward in the form of the other operations, for what treats all of them alike. */
export const FORWARD: Operation<ForwardSpec> = {
  op: 'forward',
  requires: requirementsOf,
  prepare(spec, random): Prepared {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, beta, operands } = inputs;
    const { dtype } = x;
    return {
      inputs: normOperands(inputs),
      outputs: {
        y: { dtype, shape, inPlace: ['x'] },
        ...(spec.rstd && { rstd: { dtype: 'float32', shape: rstdShape(inputs), made: 'asked' } }),
      },
      call({ x, ...rest }, { y, rstd }) {
        const targets = { ...(y && { out: y }), ...(rstd && { rstd }) };
        return { y: rmsNorm(x!, { ...options, ...weightTensors(rest), ...targets }) };
      },
      compare(results, accuracy, stale, observe) {
        const terms = { weightOffset: (options.weightOffset ?? 0) !== 0, beta: beta !== null };
        const tolerance = toleranceOf(accuracy, terms);
        compareForward(results.y!, {
          operands,
          shape,
          tolerance,
          observe,
          ...(spec.lookAt && { lookAt: spec.lookAt }),
          ...(stale !== undefined && { stale }),
        });
        if (results.rstd) compareRstd(results.rstd, operands, toleranceOf(accuracy, NO_TERMS));
      },
    };
  },
};

const NO_TERMS = { weightOffset: false, beta: false };
