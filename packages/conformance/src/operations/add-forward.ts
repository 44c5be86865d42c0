import { addRmsNorm } from '@rmsnorm/core';
import { compareResult } from '../expected/compare-result.ts';
import { type Distribution, normal } from '../inputs/distributions.ts';
import { FORMATS, round } from '../inputs/formats.ts';
import { compareNorm } from './forward.ts';
import { type ForwardSpec, inputsOf, likeX, termsOf } from './forward-spec.ts';
import { normInputs, rstdOutput, weightTensors } from './operands.ts';
import type { OperationModel } from './operation-model.ts';

export interface AddForwardSpec extends ForwardSpec {
  /** Standard normal unless given. */
  readonly residual?: Distribution;
}

/** sum = x + residual, rounded to the dtype: no bound, but that one number. y and rstd: those of forward on the sum. */
export const ADD_FORWARD: OperationModel<AddForwardSpec> = {
  op: 'addForward',
  prepare(spec, random) {
    const inputs = inputsOf(spec, random);
    const { shape, options, x } = inputs;
    const { dtype } = x;
    const residual = likeX(spec, spec.residual ?? normal(), random, x.values.length);
    // float64 rounds first: that cannot change the second rounding, as 53 bits are more than twice 24 and 2.
    const sum = x.values.map((value, i) => round(FORMATS[dtype], value + residual.values[i]!));
    const operands = { ...inputs.operands, x: sum };
    const lookAt = spec.lookAt ?? 'what is normalized is the sum after its rounding to the dtype';
    return {
      inputs: { ...normInputs(inputs), residual: { content: residual, shape } },
      outputs: {
        y: { dtype, shape },
        sum: { dtype, shape },
        ...rstdOutput(inputs),
      },
      call({ x, residual, ...rest }, { rstd, ...out }) {
        return { ...addRmsNorm(x!, residual!, { ...options, ...weightTensors(rest), out, ...(rstd && { rstd }) }) };
      },
      compare(results, judgement) {
        compareResult(results.sum!, {
          what: 'sum',
          shape,
          expected: (flat) => ({ exact: sum[flat]!, low: sum[flat]!, high: sum[flat]! }),
          quick: { dtype, exact: sum, relative: 0 },
          bound: `x + residual rounded once to ${dtype}`,
          about: (flat) => `x = ${x.values[flat]}, residual = ${residual.values[flat]}`,
          stale: judgement.stale,
          dtype,
          suspects: [
            { cause: 'x alone, the residual left out', values: () => x.values },
            { cause: 'the residual alone, x left out', values: () => residual.values },
          ],
        });
        compareNorm(results, { operands, shape, terms: termsOf(inputs), lookAt }, judgement);
      },
    };
  },
};
