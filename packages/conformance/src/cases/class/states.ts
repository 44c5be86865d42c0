import { RMSNorm, type RMSNormOptions } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { gammaOf } from '../../inputs/distributions.ts';
import { decoded } from '../../inputs/elements.ts';
import { compareY } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';
import { outcome, verifyNorm } from './class-case.ts';

const OPTIONS = { dim: 24, axis: -1 } as const;
const ROWS: ForwardSpec = { shape: [3, 24], options: OPTIONS };

/** A norm as its constructor leaves it, after its weights changed, for many shapes, and beside another norm. */
export const stateCases: readonly Case[] = [
  state('fresh', OPTIONS, async (subject, norm) => {
    const inputs = inputsOf({ ...ROWS, gamma: null }, subject.random);
    const values = await outcome(subject, norm, inputs);
    compareY(subject, inputs, values);
    for (let row = 0; row < 3; row++) {
      const squares = values.subarray(row * 24, row * 24 + 24).reduce((sum, value) => sum + value * value, 0);
      check(Math.abs(Math.sqrt(squares / 24) - 1) < 1e-4, () => `row ${row} has RMS ${Math.sqrt(squares / 24)}, not 1`);
    }
  }),
  state('fresh-offset', { ...OPTIONS, weightOffset: 1, bias: true }, async (subject, norm) => {
    const inputs = inputsOf({ ...ROWS, gamma: null }, subject.random);
    compareY(
      subject,
      { ...inputs, options: { ...inputs.options, weightOffset: 1 }, beta: new Float32Array(24) },
      await outcome(subject, norm, inputs),
    );
  }),
  state('gamma-changed', OPTIONS, async (subject, norm) => {
    const inputs = inputsOf(ROWS, subject.random);
    await outcome(subject, norm, inputs);
    (norm.gamma!.data as Float32Array).set(inputs.gamma!);
    norm.update();
    await verifyNorm(subject, norm, inputs, 'y after gamma was changed and update() called');
  }),
  state('gamma-set', { ...OPTIONS, bias: true }, async (subject, norm) => {
    const inputs = inputsOf({ ...ROWS, beta: true }, subject.random);
    await outcome(subject, norm, inputs);
    norm.gamma = { dtype: 'float32', shape: [4, 6], data: inputs.gamma! };
    norm.beta = { dtype: 'float32', shape: [24], data: inputs.beta! };
    await verifyNorm(subject, norm, inputs, 'y after gamma and beta were set');
  }),
  state('state-dict', { ...OPTIONS, bias: true }, async (subject, norm) => {
    const inputs = inputsOf({ ...ROWS, beta: true }, subject.random);
    await outcome(subject, norm, inputs);
    const weight = Float32Array.from(inputs.gamma!);
    const bias = Float32Array.from(inputs.beta!);
    norm.loadStateDict({
      weight: { dtype: 'float32', shape: [24], data: weight },
      bias: { dtype: 'float32', shape: [24], data: bias },
    });
    weight.fill(0);
    bias.fill(0);
    await verifyNorm(subject, norm, inputs, 'y after loadStateDict()');
    const dict = norm.stateDict();
    compareBits(Array.from(dict.weight!.data), inputs.gamma!, 'float32', 'stateDict().weight');
    compareBits(Array.from(dict.bias!.data), inputs.beta!, 'float32', 'stateDict().bias');
  }),
  state('gamma-of-16-bits', OPTIONS, async (subject, norm) => {
    const drawn = inputsOf(ROWS, subject.random);
    const bits = Uint16Array.from(drawn.gamma!, (value) => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16);
    norm.gamma = { dtype: 'bfloat16', shape: [24], data: bits };
    const gamma = decoded('bfloat16', bits).values;
    const inputs = { ...drawn, gamma, operands: { ...drawn.operands, gamma } };
    await verifyNorm(subject, norm, inputs, 'y with a bfloat16 gamma from the host');
  }),
  state('many-shapes', OPTIONS, async (subject, norm) => {
    for (const shape of [
      [3, 24],
      [1, 24],
      [2, 3, 24],
      [3, 24],
      [65, 24],
    ]) {
      const inputs = inputsOf({ shape, options: OPTIONS, gamma: null }, subject.random);
      await verifyNorm(subject, norm, inputs, `y of shape ${showShape(shape)}, one norm for many shapes`);
    }
  }),
  state('two-norms', OPTIONS, async (subject, norm) => {
    const other = new RMSNorm(OPTIONS);
    try {
      const first = inputsOf(ROWS, subject.random);
      const gamma = gammaOf(subject.random, 24);
      norm.gamma = { dtype: 'float32', shape: [24], data: first.gamma! };
      other.gamma = { dtype: 'float32', shape: [24], data: gamma };
      await withTensors(subject.backend, async (tensors) => {
        const x = tensors.of(first.x, first.shape);
        const y = tensors.keep(norm.forward(x));
        const z = tensors.keep(other.forward(x));
        compareY(subject, first, (await read(y)).values, { what: 'y of the first of two norms' });
        compareY(subject, { ...first, gamma, operands: { ...first.operands, gamma } }, (await read(z)).values, {
          what: 'y of the second of two norms',
        });
      });
    } finally {
      other.dispose();
    }
  }),
  state('prepare', OPTIONS, async (subject, norm) => {
    await subject.backend.prepare(norm, [
      [3, 24],
      [1, 24],
    ]);
    subject.backend.flush();
    const inputs = inputsOf({ ...ROWS, gamma: null }, subject.random);
    await verifyNorm(subject, norm, inputs, 'y after prepare()');
  }),
];

function state(name: string, options: RMSNormOptions, run: (subject: Subject, norm: RMSNorm) => Promise<void>): Case {
  return {
    id: caseId('forward/class', { state: name }),
    requires: {
      op: 'forward',
      dtypes: ['float32'],
      features: [
        ...(options.bias ? ['beta' as const] : []),
        ...(options.weightOffset ? ['weightOffset' as const] : []),
      ],
    },
    async run(subject) {
      const norm = new RMSNorm(options);
      try {
        await run(subject, norm);
      } finally {
        norm.dispose();
      }
    },
  };
}
