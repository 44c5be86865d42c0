import { type FloatDType, RMSNorm } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareForward } from '../../expected/compare-forward.ts';
import { toleranceFor } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

/** A case with a norm of the class, its gamma and beta set to those of the inputs. */
export function classCase(
  family: string,
  spec: ForwardSpec,
  run: (subject: Subject, inputs: ForwardInputs, norm: RMSNorm) => Promise<void>,
  parameters: Record<string, string | number> = {},
): Case {
  const dtype: FloatDType = spec.dtype ?? 'float32';
  return {
    id: caseId(`forward/${family}`, { ...parameters, dtype, shape: showShape(spec.shape) }),
    requires: requirementsOf(spec),
    async run(subject) {
      const inputs = inputsOf(spec, subject.random);
      const { gamma, beta, options } = inputs;
      const norm = new RMSNorm({ ...options, affine: gamma !== null, bias: beta !== null });
      try {
        if (gamma) norm.gamma = { dtype: 'float32', shape: [gamma.length], data: gamma };
        if (beta) norm.beta = { dtype: 'float32', shape: [beta.length], data: beta };
        await run(subject, inputs, norm);
      } finally {
        norm.dispose();
      }
    },
  };
}

/** What `norm` makes of the inputs. */
export function outcome({ backend }: Subject, norm: RMSNorm, { x, shape }: ForwardInputs): Promise<Float32Array> {
  return withTensors(backend, async (tensors) => (await read(tensors.keep(norm.forward(tensors.of(x, shape))))).values);
}

/** Holds what came out against the inputs' own gamma, beta and options. */
export function compare(subject: Subject, inputs: ForwardInputs, values: ArrayLike<number>, what = 'y'): void {
  const { operands, shape } = inputs;
  compareForward(values, { operands, shape, tolerance: toleranceFor(subject, inputs), what });
}
