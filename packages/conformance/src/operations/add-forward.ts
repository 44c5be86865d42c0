import { type Accuracy, addRmsNorm } from '@rmsnorm/core';
import { toleranceOf } from '../expected/bounds.ts';
import { compareForward, compareRstd } from '../expected/compare-forward.ts';
import { compareResult } from '../expected/compare-result.ts';
import { type Distribution, elements, normal } from '../inputs/distributions.ts';
import { FORMATS, round } from '../inputs/formats.ts';
import { type ForwardSpec, inputsOf, rstdShape } from './forward-spec.ts';
import { type Operation, type Prepared, requirementsFor } from './operation-model.ts';
import { normOperands, weightTensors } from './weights.ts';

export interface AddForwardSpec extends ForwardSpec {
  /** Standard normal unless given. */
  readonly residual?: Distribution;
}

/** sum = x + residual, rounded to the dtype: no bound, but that one number. y and rstd: those of forward on the sum. */
export const ADD_FORWARD: Operation<AddForwardSpec> = {
  op: 'addForward',
  requires: (spec) => requirementsFor('addForward', spec),
  prepare(spec, random): Prepared {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, beta } = inputs;
    const { dtype } = x;
    const residual = elements(
      dtype,
      (spec.residual ?? normal())(random, x.data.length),
      spec.subnormals ? 'subnormal' : 'normal',
    );
    // float64 rounds first: that cannot change the second rounding, as 53 bits are more than twice 24 and 2.
    const sum = x.values.map((value, i) => round(FORMATS[dtype], value + residual.values[i]!));
    const operands = { ...inputs.operands, x: sum };
    const lookAt = spec.lookAt ?? 'what is normalized is the sum after its rounding to the dtype';
    return {
      inputs: { ...normOperands(inputs), residual: { content: residual, shape } },
      outputs: {
        y: { dtype, shape, inPlace: ['x', 'residual'] },
        sum: { dtype, shape, inPlace: ['x', 'residual'] },
        ...(spec.rstd && { rstd: { dtype: 'float32', shape: rstdShape(inputs), made: 'asked' } }),
      },
      call({ x, residual, ...rest }, { rstd, ...out }) {
        return { ...addRmsNorm(x!, residual!, { ...options, ...weightTensors(rest), out, ...(rstd && { rstd }) }) };
      },
      compare(results, accuracy: Accuracy, stale, observe) {
        compareResult(results.sum!, {
          what: 'sum',
          shape,
          expected: (flat) => ({ exact: sum[flat]!, low: sum[flat]!, high: sum[flat]! }),
          bound: `x + residual rounded once to ${dtype}`,
          about: (flat) => `x = ${x.values[flat]}, residual = ${residual.values[flat]}`,
          stale,
        });
        const terms = { weightOffset: (options.weightOffset ?? 0) !== 0, beta: beta !== null };
        const tolerance = toleranceOf(accuracy, terms);
        compareForward(results.y!, {
          operands,
          shape,
          tolerance,
          lookAt,
          observe,
          ...(stale !== undefined && { stale }),
        });
        if (results.rstd) compareRstd(results.rstd, operands, toleranceOf(accuracy, NO_TERMS));
      },
    };
  },
};

const NO_TERMS = { weightOffset: false, beta: false };
