import { type Backend, type Op, RMSNorm, type Tensor } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { type CountedCalls, onCountedDevice, turn } from './counted-device.ts';
import { describeOnDevice } from './node-webgpu.ts';

/** All of them but the one that is the caller's. */
function disposeAll(results: object, kept?: Tensor): void {
  for (const tensor of Object.values(results) as Tensor[]) if (tensor !== kept) tensor.dispose();
}

describeOnDevice('the steady state', () => {
  let backend: Backend;
  let calls: CountedCalls;
  onCountedDevice((...made) => {
    [backend, calls] = made;
  });

  test.each<[Op, number | null]>([
    ['forward', 1],
    ['addForward', 1],
    ['gatedForward', 1],
    // Of these two the kernels' own tests count the dispatches.
    ['backward', null],
    ['forwardQuantized', null],
    ['sumSquares', 1],
    ['scaleBy', 1],
  ])('of %s makes nothing, be its results given or made and disposed', async (op, dispatches) => {
    const norm = new RMSNorm({ dim: 64, axis: -1, bias: true });
    const tensor = (): Tensor => backend.tensor(new Float32Array(5 * 64).fill(2), [5, 64]);
    const [x, z, y, w] = [tensor(), tensor(), tensor(), tensor()];
    const rstd = backend.empty([5, 1, 1]);
    const sums = norm.sumSquares(x);
    const quantized = norm.forwardQuantized(x);
    const given: Record<Op, () => unknown> = {
      forward: () => norm.forward(x, { out: y, rstd }),
      addForward: () => norm.addForward(x, z, { out: { y, sum: w }, rstd }),
      gatedForward: () => norm.gatedForward(x, z, { out: y, rstd }),
      backward: () => disposeAll(norm.backward(x, z, { rstd, dsum: w, out: { dx: y } }), y),
      sumSquares: () => norm.sumSquares(x).dispose(),
      scaleBy: () => norm.scaleBy(x, sums, 128, { out: y }),
      forwardQuantized: () => norm.forwardQuantized(x, { out: quantized }),
    };
    const made: Record<Op, () => unknown> = {
      forward: () => norm.forward(x).dispose(),
      addForward: () => disposeAll(norm.addForward(x, z)),
      gatedForward: () => norm.gatedForward(x, z).dispose(),
      backward: () => disposeAll(norm.backward(x, z)),
      sumSquares: () => norm.sumSquares(x).dispose(),
      scaleBy: () => norm.scaleBy(x, sums, 128).dispose(),
      forwardQuantized: () => disposeAll({ ...norm.forwardQuantized(x, { scale: 0.5 }) }),
    };
    const rounds = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        given[op]();
        made[op]();
      }
      await turn();
    };
    await rounds(2);
    calls.since();
    await rounds(20);
    expect(calls.since()).toEqual({
      ...{ buffers: 0, destroyed: 0, bindGroups: 0, pipelines: 0, writes: 0, copies: 0 },
      ...{ dispatches: dispatches === null ? expect.any(Number) : 40 * dispatches, encoders: 1, passes: 1, submits: 1 },
    });
    for (const one of [x, z, y, w, rstd, sums, quantized.q, quantized.scales]) one.dispose();
    norm.dispose();
  });
});
