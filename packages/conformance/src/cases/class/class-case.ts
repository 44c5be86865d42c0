import { type FloatDType, RMSNorm } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareY } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

/** A case about a norm of the class that has the gamma and beta of the inputs. */
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
    run(subject) {
      const inputs = inputsOf(spec, subject.random);
      return withNorm(inputs, (norm) => run(subject, inputs, norm));
    },
  };
}

/** Runs `body` with a norm that has the options, gamma and beta of the inputs, then disposes it. */
export async function withNorm<T>(inputs: ForwardInputs, body: (norm: RMSNorm) => Promise<T>): Promise<T> {
  const { gamma, beta, options } = inputs;
  const norm = new RMSNorm({ ...options, affine: gamma !== null, bias: beta !== null });
  try {
    if (gamma) norm.gamma = { dtype: 'float32', shape: [gamma.length], data: gamma };
    if (beta) norm.beta = { dtype: 'float32', shape: [beta.length], data: beta };
    return await body(norm);
  } finally {
    norm.dispose();
  }
}

/** What `norm` makes of the inputs. */
export function outcome({ backend }: Subject, norm: RMSNorm, { x, shape }: ForwardInputs): Promise<Float32Array> {
  return withTensors(backend, async (tensors) => (await read(tensors.keep(norm.forward(tensors.of(x, shape))))).values);
}

/** Runs the method forward and holds y against the inputs' own gamma, beta and options. */
export async function verifyNorm(subject: Subject, norm: RMSNorm, inputs: ForwardInputs, what: string): Promise<void> {
  compareY(subject, inputs, await outcome(subject, norm, inputs), { what });
}
