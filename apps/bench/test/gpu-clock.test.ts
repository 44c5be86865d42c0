import { describe, expect, it, vi } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { gpuDevice } from '../src/candidates/gpu-device.ts';
import { EXACT_TIMESTAMPS } from '../src/candidates/gpu-stopwatch.ts';
import { requireGPUClock } from '../src/candidates/on-gpu-clock.ts';
import { GPU_CLOCK } from '../src/lineups/gpu-clock.ts';
import { provideWebGPU } from '../src/runners/navigator-gpu.ts';
import { type BenchShape, channelsFirst, grouped, rows, withoutWeights } from '../src/shapes.ts';
import type { BenchOp } from '../src/spec.ts';
import { makeWorkload } from '../src/workload.ts';
import { expectRight } from './expect-right.ts';
import { smallSpec } from './small-specs.ts';

// SwiftShader compiles a shader in a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const missing: string | null = await provideWebGPU([EXACT_TIMESTAMPS])
  .then(gpuDevice)
  .then(requireGPUClock)
  .then(
    () => null,
    ({ message }: Error) => message,
  );

const CASES: readonly { op: BenchOp; dtype: 'float32' | 'float16'; shape: BenchShape }[] = [
  { op: 'forward', dtype: 'float16', shape: rows(3, 64) },
  // An odd number of elements: the copy moves whole vectors, and is a little shorter.
  { op: 'forward', dtype: 'float32', shape: rows(5, 63) },
  { op: 'addForward', dtype: 'float32', shape: channelsFirst([2, 24, 4]) },
  { op: 'backward', dtype: 'float32', shape: withoutWeights(rows(4, 32)) },
  { op: 'forwardQuantized', dtype: 'float32', shape: grouped(4, 48, 3) },
];

describe.each(CASES)('$op, $dtype, $shape.id', ({ op, dtype, shape }) => {
  const spec = smallSpec({ target: 'gpu-clock', family: 'small', place: 'resident', op, dtype, shape, threads: 1 });
  const work = makeWorkload(spec);
  it.for(GPU_CLOCK(spec).map((entrant) => [entrant.name, entrant] as const))(
    "%s is right, and has a time by the device's clock",
    async ([, entrant], { skip }) => {
      if (missing !== null) return lacking(skip, missing);
      await expectRight(entrant, work, async ({ stopwatch }) => {
        const ms = await stopwatch!(4);
        expect(ms).toBeGreaterThan(0);
        expect(ms).toBeLessThan(60_000);
      });
    },
  );
});

it('measures dx alone where there is no gamma', () => {
  const shape = withoutWeights(rows(4, 32));
  const { expected, bytesMoved } = makeWorkload(
    smallSpec({
      ...{ target: 'gpu-clock', family: 'small', place: 'resident', op: 'backward', dtype: 'float32' },
      ...{ shape, threads: 1 },
    }),
  );
  expect(Object.keys(expected)).toEqual(['dx']);
  expect(bytesMoved).toBe(3 * 4 * 32 * 4);
});

it('refuses a device without timestamp queries', () => {
  expect(() => requireGPUClock({ features: new Set(['subgroups']) })).toThrow(
    /^RMSNORM_UNSUPPORTED: this adapter has no timestamp queries/,
  );
});
