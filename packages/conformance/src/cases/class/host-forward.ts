import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { cycle, normal, oneAt } from '../../inputs/distributions.ts';
import { decoded } from '../../inputs/elements.ts';
import { compareY } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';
import { withNorm } from './class-case.ts';

/** Arrays that a streaming `apply` takes in several pieces, the last one short: by rows, and by columns along inner. */
const IN_PIECES: readonly (readonly number[])[] = [
  [1025, 33],
  [4099, 7],
  [20_011, 3],
  [1031, 5, 3],
  [3, 5, 4099],
];

const pieces: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  IN_PIECES.map((shape) => applyCase({ pieces: 'many' }, { dtype, shape, options: { dim: shape[1]! } })),
);

/** A driver's own way from host array to host array must have every option, too. */
const OPTIONS: Readonly<Record<string, Partial<ForwardSpec>>> = {
  eps: { options: { dim: 0, eps: 0.1 } },
  clamp: { options: { dim: 0, epsMode: 'clamp', eps: 20 } },
  scale: { options: { dim: 0, scale: -2.5 } },
  partial: { options: { dim: 0, partial: 0.3 } },
  offset: { options: { dim: 0, weightOffset: -0.75 } },
  llama: { options: { dim: 0, casting: 'llama' } },
  groups: { options: { dim: 0, groups: 4 } },
  beta: { beta: true },
  'no-gamma': { gamma: null },
  huge: { options: { dim: 0, eps: 0 }, x: normal(1e30), promises: ['extremes'] },
  tiny: { options: { dim: 0, eps: 0 }, x: normal(1e-30), promises: ['extremes'] },
  zeros: { options: { dim: 0, eps: 0 }, x: cycle([0]), beta: true, promises: ['nonFinite'] },
  infinite: { x: oneAt(50, Number.POSITIVE_INFINITY), promises: ['nonFinite'] },
  nan: { x: oneAt(50, Number.NaN), promises: ['nonFinite'] },
};

const options: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  Object.entries(OPTIONS)
    .filter(([option]) => dtype !== 'float16' || (option !== 'huge' && option !== 'tiny'))
    .flatMap(([option, variant]) =>
      [
        [5, 44],
        [3, 44, 7],
      ].map((shape) => applyCase({ option }, { ...variant, dtype, shape, options: { ...variant.options, dim: 44 } })),
    ),
);

/** Several calls at once must not share what they work on. */
const together: Case[] = FLOAT_DTYPES.map((dtype) => {
  const spec: ForwardSpec = { dtype, shape: [67, 129], options: { dim: 129 } };
  return {
    id: caseId('forward/apply', { calls: 'together', dtype, shape: showShape(spec.shape) }),
    requires: requirementsOf(spec),
    async run(subject) {
      const calls = Array.from({ length: 4 }, () => inputsOf(spec, subject.random));
      await Promise.all(calls.map((inputs) => verifyApply(subject, inputs)));
    },
  };
});

/** What a driver does by itself from host array to host array: in pieces, with every option, and several at once. */
export const hostForwardCases: readonly Case[] = [...pieces, ...options, ...together];

function applyCase(parameters: Readonly<Record<string, string>>, spec: ForwardSpec): Case {
  const { dtype = 'float32', shape } = spec;
  return {
    id: caseId('forward/apply', { ...parameters, dtype, shape: showShape(shape) }),
    requires: requirementsOf(spec),
    run: (subject) => verifyApply(subject, inputsOf(spec, subject.random)),
  };
}

function verifyApply(subject: Subject, inputs: ForwardInputs): Promise<void> {
  const { shape, x } = inputs;
  return withNorm(inputs, async (norm) => {
    const y = await norm.apply({ dtype: x.dtype, shape, data: x.data }, subject.backend);
    compareY(subject, inputs, decoded(x.dtype, y.data as Float32Array | Uint16Array).values, { what: 'y of apply' });
  });
}
