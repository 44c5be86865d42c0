import { cuda } from '@rmsnorm/cuda';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { cudaDevice } from '../src/candidates/cuda-device.ts';
import { CUDA } from '../src/lineups/cuda.ts';
import { channelsFirst, grouped, rows, withoutWeights } from '../src/shapes.ts';
import { makeWorkload } from '../src/workload.ts';
import { expectRight } from './expect-right.ts';
import { smallSpec } from './small-specs.ts';

beforeAll(() => {
  vi.stubEnv('RMSNORM_CUDA_DEVICE', 'emulated');
});

const here = await cuda({ device: 'emulated' }).probe();
const target = { target: 'cuda', family: 'small', place: 'resident', threads: 1 } as const;

describe.each([
  { op: 'forward', dtype: 'float16', shape: rows(3, 64) },
  { op: 'addForward', dtype: 'float32', shape: channelsFirst([2, 24, 4]) },
  { op: 'gatedForward', dtype: 'bfloat16', shape: rows(3, 64) },
  { op: 'backward', dtype: 'float32', shape: withoutWeights(rows(4, 32)) },
  { op: 'forwardQuantized', dtype: 'float32', shape: grouped(4, 48, 3) },
] as const)('$op, $dtype, $shape.id', (what) => {
  const spec = smallSpec({ ...target, ...what });
  const work = makeWorkload(spec);
  it.for(CUDA(spec).map((entrant) => [entrant.name, entrant] as const))(
    '%s is right',
    async ([, entrant], { skip }) => {
      if (!here.ok) return lacking(skip, `${here.code}: ${here.reason}`);
      await expectRight(entrant, work);
    },
  );
});

it('takes the device of the environment', () => {
  expect(cudaDevice()).toBe('emulated');
  vi.stubEnv('RMSNORM_CUDA_DEVICE', '2');
  expect(cudaDevice()).toBe(2);
  vi.stubEnv('RMSNORM_CUDA_DEVICE', '');
  expect(cudaDevice()).toBe(0);
});
