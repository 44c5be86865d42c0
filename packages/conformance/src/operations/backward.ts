import { rmsNormBackward } from '@rmsnorm/core';
import { exactRstd } from '../expected/exact-forward.ts';
import { rowsShape } from '../expected/normalization.ts';
import { type Distribution, normal } from '../inputs/distributions.ts';
import { compareGradients } from './compare-gradients.ts';
import { type ForwardSpec, inputsOf, likeX } from './forward-spec.ts';
import { float32Elements, normInputs, weightTensors } from './operands.ts';
import type { OperationModel } from './operation-model.ts';

/** `rstd: true` gives the statistic, as forward would have written it, instead of having it recomputed. */
export interface BackwardSpec extends ForwardSpec {
  /** Standard normal unless given. */
  readonly dy?: Distribution;
  /** None unless given; `true` for standard normal numbers. */
  readonly dsum?: Distribution | true | null;
  /** Multiplies the rstd that is given, to see that it is what counts. */
  readonly rstdFactor?: number;
}

export const BACKWARD: OperationModel<BackwardSpec> = {
  op: 'backward',
  prepare(spec, random) {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, gamma, beta } = inputs;
    const count = x.values.length;
    const { dtype } = x;
    const dy = likeX(spec, spec.dy ?? normal(), random, count);
    const drawn = spec.dsum === true ? normal() : (spec.dsum ?? null);
    const dsum = drawn && likeX(spec, drawn, random, count);
    const rstd = spec.rstd
      ? Float32Array.from(exactRstd(inputs.operands), (value) => value * (spec.rstdFactor ?? 1))
      : null;
    const operands = { ...inputs.operands, dy: dy.values, rstd, dsum: dsum?.values ?? null };
    const rows = rowsShape(operands.normalization);
    return {
      inputs: {
        ...normInputs(inputs),
        dy: { content: dy, shape },
        ...(rstd && { rstd: { content: float32Elements(rstd), shape: rows } }),
        ...(dsum && { dsum: { content: dsum, shape } }),
      },
      outputs: {
        dx: { dtype, shape },
        ...(gamma && { dgamma: { dtype: 'float32', shape: [gamma.length], made: 'always' } }),
        ...(beta && { dbeta: { dtype: 'float32', shape: [beta.length], made: 'always' } }),
      },
      call({ x, dy, rstd, dsum, ...rest }, out) {
        const given = { ...(rstd && { rstd }), ...(dsum && { dsum }), out };
        const { dx, dgamma, dbeta } = rmsNormBackward(x!, dy!, { ...options, ...weightTensors(rest), ...given });
        return { dx, ...(dgamma && { dgamma }), ...(dbeta && { dbeta }) };
      },
      compare: (results, judgement) => compareGradients(results, operands, { shape, lookAt: spec.lookAt }, judgement),
    };
  },
};
