import { type FloatDType, presets, type RMSNormOptions } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { normal } from '../../inputs/distributions.ts';
import { verifyForward } from '../../operations/forward.ts';
import { type ForwardOptions, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

/** The presets' numbers, spelled out: a preset must lead to the same result as these options. */
const PRESETS: readonly {
  name: string;
  preset: () => RMSNormOptions;
  spelled: ForwardOptions;
  shape: readonly number[];
}[] = [
  {
    name: 'zeta',
    preset: () => presets.zeta(12, 3),
    spelled: { dim: [3, 12], axis: 1, groups: 3, scale: 1 / Math.sqrt(12), epsMode: 'clamp', eps: 1e-12 },
    shape: [2, 3, 12, 5],
  },
  {
    name: 'torch',
    preset: () => presets.torch([5, 7]),
    spelled: { dim: [5, 7], axis: -2, eps: 2 ** -23 },
    shape: [2, 3, 5, 7],
  },
  {
    name: 'onnx',
    preset: () => presets.onnx([5, 7]),
    spelled: { dim: [5, 7], axis: -2, eps: 1e-5, casting: 'llama' },
    shape: [2, 3, 5, 7],
  },
  {
    name: 'onnx-axis',
    preset: () => presets.onnx([3, 5, 7], { axis: 1, eps: 0.1, casting: 'gemma' }),
    spelled: { dim: [3, 5, 7], axis: 1, eps: 0.1 },
    shape: [2, 3, 5, 7],
  },
  {
    name: 'llama',
    preset: () => presets.llama(40),
    spelled: { dim: 40, axis: -1, eps: 1e-6, casting: 'llama' },
    shape: [3, 2, 40],
  },
  {
    name: 'gemma',
    preset: () => presets.gemma(40),
    spelled: { dim: 40, axis: -1, eps: 1e-6, weightOffset: 1 },
    shape: [3, 2, 40],
  },
  {
    name: 'mamba2',
    preset: () => presets.mamba2(40, 4),
    spelled: { dim: 40, axis: -1, groups: 4, eps: 1e-5 },
    shape: [3, 2, 40],
  },
];

/** Each preset against its own numbers. */
export const presetCases: readonly Case[] = PRESETS.flatMap(({ name, preset, spelled, shape }) =>
  (['float32', 'float16'] as const).map((dtype: FloatDType): Case => {
    // Small numbers, so that the eps of the preset counts.
    const spec: ForwardSpec = { dtype, shape, options: spelled, x: normal(0.002) };
    return {
      id: caseId('forward/preset', { preset: name, dtype, shape: showShape(shape) }),
      requires: requirementsOf(spec),
      async run(subject) {
        const { affine, bias, normBeforeGate, ...options } = preset();
        check(affine !== false && bias !== true, `preset ${name} must keep a gamma and no beta`);
        const inputs = inputsOf(spec, subject.random);
        // What runs are the preset's options, what is expected comes from those spelled out here.
        await verifyForward(subject, {
          ...inputs,
          options: normBeforeGate === undefined ? options : { ...options, normBeforeGate },
        });
      },
    };
  }),
);
