import { testPrograms } from '../../../.ci/compiled-programs.ts';

const PROGRAM = `
import { type Backend, type BackendProvider, pickBackend, reference, RMSNorm } from '@rmsnorm/core';
import { type GPUBufferLike, type NativeBuffer, webgpu, type WebGPUBackend, type WebGPUTensor } from '@rmsnorm/webgpu';

const provider: BackendProvider<WebGPUBackend> = webgpu({ powerPreference: 'low-power' });
const backend = await provider.create();
const norm = new RMSNorm({ dim: 4, axis: -1 });
const x: WebGPUTensor<'float32'> = backend.tensor([1, 2, 3, 4], [1, 4]);
const half = backend.tensor(new Uint16Array(4), [1, 4], 'bfloat16');

// Every tensor is in a GPUBuffer, and so is what comes of it.
export const buffers: NativeBuffer[] = [
  x.buffer,
  norm.forward(half).buffer,
  norm.addForward(x, x).sum.buffer,
  norm.sumSquares(half).buffer,
  norm.forwardQuantized(x).q.buffer,
  backend.tidy(() => norm.forward(x)).buffer,
];
export const like: GPUBufferLike = x.buffer;
export const size: number = norm.forward(x).buffer.size;
export const wrapped: WebGPUTensor<'bfloat16'> = backend.wrap({ buffer: x.buffer, offset: 256 }, [4], 'bfloat16');
export const own: WebGPUBackend = norm.forward(x).backend;
export const bits: Uint16Array = await norm.forward(half).data();
export const recorded = (encoder: Parameters<WebGPUBackend['record']>[0]): void =>
  own.record(encoder, () => norm.forward(x, x));

// It is a backend as others are.
export const some: Backend = backend;
const picked = await pickBackend([provider, reference()]);
export const values: Float32Array = await norm.forward(picked.tensor([1], [1])).data();
// @ts-expect-error: not every backend's buffers have a size
export const unknown: number = picked.tensor([1], [1]).buffer.size;
// @ts-expect-error: there is no such option
webgpu({ powerPreferences: 'low-power' });
`;

/** What a page does with the tensors' buffers and elements, with the types of WebGPU. */
const WITH_WEBGPU = `${PROGRAM}
declare const device: GPUDevice;
declare const layout: GPUBindGroupLayout;
declare const encoder: GPUCommandEncoder;
const native: GPUBuffer = norm.forward(x).buffer;
export const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: x.buffer } }] });
device.queue.writeBuffer(native, 0, await norm.forward(x).data());
encoder.copyBufferToBuffer(norm.sumSquares(x).buffer, 0, native, 0, 16);
backend.record(encoder, () => norm.forward(x, x));
export const shared = webgpu({ device });
`;

testPrograms(import.meta.url, {
  'without DOM': { code: PROGRAM, lib: ['es2022'] },
  'with webgpu-types': {
    code: WITH_WEBGPU,
    lib: ['es2022', 'esnext.disposable', 'dom'],
    types: ['@webgpu/types'],
    compilers: ['typescript-5.4', 'typescript-5.9'],
  },
  // From TypeScript 6 on lib.dom has WebGPU, and the two do not go together.
  'with WebGPU of lib dom': {
    code: WITH_WEBGPU,
    lib: ['es2022', 'esnext.disposable', 'dom'],
    compilers: ['typescript'],
  },
});
