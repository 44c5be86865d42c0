import { type FloatDType, type Op, RMSNorm, type RMSNormOptions, type Tensor } from '@rmsnorm/core';
import { type WebGPUBackend, webgpu } from '@rmsnorm/webgpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countCalls } from './counted-device.ts';
import { describeOnDevice, newDevice } from './node-webgpu.ts';

describeOnDevice('prepare()', () => {
  let device: GPUDevice;
  let backend: WebGPUBackend;
  let calls: ReturnType<typeof countCalls>;

  beforeAll(async () => {
    device = await newDevice();
    // It matters only how often a shader is compiled, and SwiftShader takes a tenth of a second: one stands in for all.
    const module = device.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' });
    const standIn = device.createComputePipeline({ layout: 'auto', compute: { module } });
    Object.assign(device, { createComputePipeline: () => standIn, createComputePipelineAsync: async () => standIn });
    calls = countCalls(device);
  });
  // A backend has pipelines of its own: what one test compiled helps no other.
  const fresh = async (): Promise<WebGPUBackend> => {
    await backend?.dispose();
    backend = await webgpu({ device }).create();
    return backend;
  };
  afterAll(async () => {
    await backend?.dispose();
    device.destroy();
  });

  const shape = [3, 24];
  const tensor = (dtype?: FloatDType): Tensor => backend.tensor(new Float32Array(72).fill(2), shape, dtype);
  const rstd = (): Tensor => backend.tensor(new Float32Array(3).fill(0.5), [3, 1, 1]);

  /** Every way to call an operation: results in memory of their own and in an input's, rstd asked for or not. */
  const WAYS: Readonly<Record<Op, (norm: RMSNorm, x: () => Tensor) => unknown>> = {
    forward: (norm, x) => {
      const y = norm.forward(x());
      return [norm.forward(y, y), norm.forward(x(), { rstd: rstd() }), norm.forward(y, { out: y, rstd: rstd() })];
    },
    addForward: (norm, x) => {
      const [a, b] = [x(), x()];
      norm.addForward(a, b);
      norm.addForward(a, b, { rstd: rstd() });
      norm.addForward(a, b, { out: { sum: b } });
      return norm.addForward(a, b, { out: { sum: b, y: a }, rstd: rstd() });
    },
    gatedForward: (norm, x) => {
      const [a, gate] = [x(), x()];
      return [norm.gatedForward(a, gate), norm.gatedForward(a, gate, { out: gate, rstd: rstd() })];
    },
    backward: (norm, x) => {
      const [a, dy] = [x(), x()];
      norm.backward(a, dy);
      norm.backward(a, dy, { rstd: rstd() });
      return norm.backward(a, dy, { rstd: rstd(), dsum: x(), out: { dx: dy } });
    },
    sumSquares: (norm, x) => norm.sumSquares(x()),
    scaleBy: (norm, x) => {
      const y = x();
      return [norm.scaleBy(y, rstd(), 24), norm.scaleBy(y, rstd(), 96, { out: y })];
    },
    forwardQuantized: (norm, x) => [norm.forwardQuantized(x()), norm.forwardQuantized(x(), { scale: 0.1 })],
  };

  test.each<[Op, FloatDType, Omit<RMSNormOptions, 'dim'>]>([
    ['forward', 'float32', {}],
    ['forward', 'float16', { bias: true, casting: 'llama' }],
    ['forward', 'bfloat16', { affine: false }],
    ['addForward', 'float32', { bias: true }],
    ['gatedForward', 'float32', {}],
    ['gatedForward', 'float16', { normBeforeGate: true }],
    ['backward', 'float32', { bias: true }],
    ['sumSquares', 'float32', {}],
    ['scaleBy', 'float32', { bias: true }],
    ['forwardQuantized', 'float32', {}],
  ])('of %s in %s with %o: the first calls compile nothing', async (op, dtype, options) => {
    await fresh();
    const norm = new RMSNorm({ dim: 24, axis: -1, ...options });
    calls.since();
    await backend.prepare(norm, [shape, [5, 24]], { dtype, ops: [op] });
    expect(calls.since()).toMatchObject({ pipelines: expect.toSatisfy((count) => count > 0), buffers: 0, submits: 0 });
    WAYS[op](norm, () => tensor(dtype));
    backend.flush();
    const { pipelines, dispatches } = calls.since();
    expect(dispatches).toBeGreaterThan(0);
    expect(pipelines).toBe(0);
    norm.dispose();
  });

  test('is of float32 and forward alone, unless more is asked for', async () => {
    await fresh();
    const norm = new RMSNorm({ dim: 24, axis: -1 });
    await backend.prepare(norm, [shape]);
    calls.since();
    norm.forward(tensor());
    expect(calls.since().pipelines).toBe(0);
    norm.forward(tensor('float16'));
    expect(calls.since().pipelines).toBe(1);
    norm.sumSquares(tensor());
    expect(calls.since().pipelines).toBe(1);
    norm.dispose();
  });

  test('compiles what calls have in common once, also while it is being compiled', async () => {
    await fresh();
    const norm = new RMSNorm({ dim: 24, axis: -1 });
    calls.since();
    await Promise.all([
      backend.prepare(norm, [shape]),
      backend.prepare(norm, [
        [70_000, 24],
        [0, 24],
      ]),
    ]);
    const { pipelines } = calls.since();
    await fresh();
    calls.since();
    WAYS.forward(norm, tensor);
    expect(calls.since().pipelines).toBe(pipelines);
    norm.dispose();
  });

  test('refuses what the calls would refuse', async () => {
    await fresh();
    const norm = new RMSNorm({ dim: 24, axis: -1, partial: 0.5 });
    await expect(backend.prepare(norm, [[3, 25]])).rejects.toMatchObject({ code: 'SHAPE' });
    await expect(backend.prepare(norm, [shape], 'int8' as never)).rejects.toMatchObject({ code: 'DTYPE' });
    await expect(backend.prepare(norm, [shape], { ops: ['sumSquares'] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(backend.prepare(norm, [shape], { ops: ['sideways' as never] })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});
