import { presets, RMSNorm, rmsNorm } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { inputsOf } from '../../operations/forward-spec.ts';

/** The code and the example that the project starts from. */
export const originalCases: readonly Case[] = [
  {
    id: 'forward/traps:zeta',
    requires: { op: 'forward', dtypes: ['float32'], features: ['inner', 'clamp'] },
    run: verifyZeta,
  },
  {
    id: 'forward/traps:groups-have-rms-1',
    requires: { op: 'forward', dtypes: ['float32'], features: ['inner', 'groups'] },
    run: verifyGroups,
  },
];

/** The preset gives what the original code does: normalize(x, dim=-2) * dim ** -0.5 * gamma. */
async function verifyZeta({ backend, random }: Subject): Promise<void> {
  const [batch, dim, n] = [2, 12, 5];
  const { x, shape, options, gamma } = inputsOf(
    { shape: [batch, 1, dim, n], options: presets.zeta(dim) as { dim: number } },
    random,
  );
  const y = await withTensors(backend, async (tensors) => {
    const source = tensors.of(x, shape);
    return (await read(tensors.keep(rmsNorm(source, { ...options, gamma: tensors.float32(gamma!) })))).values;
  });
  for (let b = 0; b < batch; b++) {
    for (let column = 0; column < n; column++) {
      const at = (i: number): number => (b * dim + i) * n + column;
      let squares = 0;
      for (let i = 0; i < dim; i++) squares += x.values[at(i)]! ** 2;
      for (let i = 0; i < dim; i++) {
        const expected = ((x.values[at(i)]! / Math.max(Math.sqrt(squares), 1e-12)) * gamma![i]!) / Math.sqrt(dim);
        check(
          Math.abs(y[at(i)]! - expected) <= 1e-5 * Math.abs(expected),
          () => `presets.zeta: element ${at(i)} is ${y[at(i)]}, the original gives ${expected}`,
        );
      }
    }
  }
}

async function verifyGroups({ backend, random }: Subject): Promise<void> {
  const norm = new RMSNorm(512, 8);
  try {
    const { x, shape } = inputsOf({ shape: [2, 512, 4, 4], options: { dim: 512, groups: 8 }, gamma: null }, random);
    await withTensors(backend, async (tensors) => {
      const y = (await read(tensors.keep(norm.forward(tensors.of(x, shape))))).values;
      for (let row = 0; row < 2 * 8 * 16; row++) {
        const first = Math.floor(row / 16) * 64 * 16 + (row % 16);
        let squares = 0;
        for (let i = 0; i < 64; i++) squares += y[first + i * 16]! ** 2;
        const rms = Math.sqrt(squares / 64);
        check(
          Math.abs(rms - 1) < 1e-5,
          () => `group ${row} of 256 has RMS ${rms}, not 1 (1 / 64 is the wrong sign of the exponent)`,
        );
      }
    });
  } finally {
    norm.dispose();
  }
}
