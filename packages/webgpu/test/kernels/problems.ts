import { FLOAT_DTYPES, type Problem } from '@rmsnorm/core';
import { plan as kernels } from '../../src/kernels/index.ts';
import type { Capabilities, Operands, Plan } from '../../src/plan.ts';

export const CAPABILITIES: Capabilities = {
  subgroups: { least: 32, most: 32 },
  toFloat16: 'bits',
  limits: {
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16384,
    maxStorageBufferBindingSize: 2 ** 27,
    maxStorageBuffersPerShaderStage: 8,
    minStorageBufferOffsetAlignment: 256,
  },
};

export function problem(layout: Partial<Problem>): Problem {
  const size = layout.size ?? 8;
  return {
    outer: 3,
    groups: 1,
    size,
    inner: 1,
    statSize: size,
    dtype: 'float32',
    eps: 1e-6,
    epsMode: 'add',
    alpha: 1,
    weightOffset: 0,
    casting: 'gemma',
    ...layout,
  };
}

export function operands(present: readonly string[], inPlace: Readonly<Record<string, string>> = {}): Operands {
  return { present: new Set(present), inPlace, writable: new Set() };
}

export interface Planned {
  readonly name: string;
  readonly plan: Plan;
}

const SIZES = [1, 3, 8, 41, 130, 1024, 4099, 8192, 8200, 65536, 65537];
const INNERS = [1, 2, 3, 4];

/** Plans of every operation over sizes, layouts, dtypes, options and placements. */
export function everyPlan(capabilities: Capabilities): Planned[] {
  return FLOAT_DTYPES.flatMap((dtype) =>
    SIZES.flatMap((size) =>
      INNERS.flatMap((inner) =>
        (['add', 'clamp'] as const).flatMap((epsMode) => {
          const p = problem({ size, inner, dtype, epsMode, casting: 'llama', groups: 2 });
          const weights = ['gamma', 'beta'];
          const planned = (name: string, make: (given: Operands) => Plan, given: Operands): Planned => ({
            name: `${name} ${size}x${inner} ${dtype} ${epsMode} ${JSON.stringify(given.inPlace)}`,
            plan: make(given),
          });
          return [
            ...[operands(['x', 'y', ...weights, 'rstd']), operands(['x', 'y', 'gamma'], { y: 'x' })].map((given) =>
              planned('forward', (o) => kernels.forward(p, o, capabilities), given),
            ),
            ...[{}, { y: 'residual', sum: 'x' }, { y: 'x', sum: 'residual' }].map((inPlace) =>
              planned(
                'addForward',
                (o) => kernels.addForward(p, o, capabilities),
                operands(['x', 'residual', 'y', 'sum', ...weights, 'rstd'], inPlace),
              ),
            ),
            ...[false, true].flatMap((normBeforeGate) =>
              [{}, { y: 'x' }, { y: 'gate' }].map((inPlace) =>
                planned(
                  `gatedForward ${normBeforeGate}`,
                  (o) => kernels.gatedForward({ ...p, normBeforeGate }, o, capabilities),
                  operands(['x', 'gate', 'y', ...weights, 'rstd'], inPlace),
                ),
              ),
            ),
            ...[{}, { dx: 'x' }, { dx: 'dy' }].flatMap((inPlace) =>
              [[], ['rstd']].map((rstd) =>
                planned(
                  'backward',
                  (o) => kernels.backward(p, o, capabilities),
                  operands(['x', 'gamma', 'dy', 'dsum', 'dx', 'dgamma', 'dbeta', ...rstd], inPlace),
                ),
              ),
            ),
            planned('sumSquares', (o) => kernels.sumSquares(p, o, capabilities), operands(['x', 'sums'])),
            planned(
              'scaleBy',
              (o) => kernels.scaleBy({ ...p, count: 2 * size }, o, capabilities),
              operands(['x', 'sums', 'y', ...weights]),
            ),
            ...[null, 0.5].map((scale) =>
              planned(
                'forwardQuantized',
                (o) => kernels.forwardQuantized({ ...p, scale }, o, capabilities),
                operands(['x', 'q', 'scales', ...weights]),
              ),
            ),
          ];
        }),
      ),
    ),
  );
}
