import { type Op, RMSNorm, type Tensor } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { withTensors } from '../../case/tensors.ts';
import { OTHER_OPERATIONS } from '../../operations/all.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import type { Named } from '../../operations/operation-model.ts';
import { numbersOf, upload } from '../../operations/run-call.ts';

type Method = (norm: RMSNorm, inputs: Named<Tensor>) => Named<Tensor | null>;

/** Each method, with inputs and results named as those of the operation. */
const METHODS: Readonly<Record<Op, Method>> = {
  forward: (norm, { x }) => ({ y: norm.forward(x!) }),
  addForward: (norm, { x, residual }) => ({ ...norm.addForward(x!, residual!) }),
  gatedForward: (norm, { x, gate }) => ({ y: norm.gatedForward(x!, gate!) }),
  backward: (norm, { x, dy }) => ({ ...norm.backward(x!, dy!) }),
  sumSquares: (norm, { x }) => ({ sums: norm.sumSquares(x!) }),
  scaleBy: (norm, { x, sums }) => ({ y: norm.scaleBy(x!, sums!, norm.options.size) }),
  forwardQuantized: (norm, { x }) => ({ ...norm.forwardQuantized(x!) }),
};

const SPECS: readonly ForwardSpec[] = [
  { shape: [3, 20], options: { dim: 20, axis: -1 } },
  { shape: [2, 12, 5], options: { dim: 12, groups: 3 }, beta: true },
];

/** The methods of the class give what the functions give. */
export const methodCases: readonly Case[] = OTHER_OPERATIONS.flatMap((model) =>
  SPECS.map((spec): Case => {
    const { op } = model;
    return {
      id: caseId(`${op}/class`, { shape: showShape(spec.shape) }),
      requires: requirementsOf(spec, op),
      async run(subject) {
        const prepared = model.prepare(spec as never, subject.random);
        const { gamma, beta } = prepared.inputs;
        const norm = new RMSNorm({ ...spec.options, affine: gamma !== undefined, bias: beta !== undefined });
        try {
          // Another shape than the function's vectors: gradients take that of gamma.
          if (gamma) norm.gamma = { dtype: 'float32', shape: halved(gamma.shape), data: gamma.content.data };
          if (beta) norm.beta = { dtype: 'float32', shape: halved(beta.shape), data: beta.content.data };
          await withTensors(subject.backend, async (tensors) => {
            const results = METHODS[op](norm, upload(tensors, prepared));
            const made = Object.entries(results).filter((entry): entry is [string, Tensor] => entry[1] !== null);
            for (const [name, tensor] of made) {
              tensors.keep(tensor);
              const { shape } = prepared.outputs[name]!;
              const expected = name === 'dgamma' || name === 'dbeta' ? halved(shape) : shape;
              check(
                String(tensor.shape) === String(expected),
                () => `${name} has shape [${tensor.shape}], not [${expected}]`,
              );
            }
            prepared.compare(await numbersOf(Object.fromEntries(made)), subject.backend.supports);
          });
        } finally {
          norm.dispose();
        }
      },
    };
  }),
);

function halved(shape: readonly number[]): readonly number[] {
  return [2, shape[0]! / 2];
}
