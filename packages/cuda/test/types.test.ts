import { testPrograms } from '../../../.ci/compiled-programs.ts';

const PROGRAM = `
import { type Backend, type BackendProvider, pickBackend, reference, RMSNorm } from '@rmsnorm/core';
import { cuda, type CudaBackend, type CudaGraph, type CudaOptions, type CudaPointer, type CudaTensor } from '@rmsnorm/cuda';

const options: CudaOptions = { device: 1, stream: 5n };
const provider: BackendProvider<CudaBackend> = cuda(options);
const backend = await provider.create({ signal: undefined });
const norm = new RMSNorm({ dim: 4, axis: -1 });
const x: CudaTensor<'float32'> = backend.tensor([1, 2, 3, 4], [1, 4]);
const half = backend.tensor(new Uint16Array(4), [1, 4], 'bfloat16');

// Every tensor has a device address, and so has what comes of it.
export const addresses: bigint[] = [
  x.buffer,
  norm.forward(half).buffer,
  norm.addForward(x, x).sum.buffer,
  norm.sumSquares(half).buffer,
  norm.forwardQuantized(x).q.buffer,
  backend.tidy(() => norm.forward(x)).buffer,
];
const pointer: CudaPointer = { pointer: x.buffer, bytes: 16 };
export const wrapped: CudaTensor<'float16'> = backend.wrap(pointer, [4], 'float16');
export const own: CudaBackend = norm.forward(x).backend;
export const stream: bigint = own.stream;
export const bits: Uint16Array = await norm.forward(half).data();
const graph: CudaGraph = backend.capture(() => norm.forward(x, x));
graph.launch();
graph.dispose();
cuda({ device: 'emulated' });

// It is a backend as others are.
export const some: Backend = backend;
const picked = await pickBackend([provider, reference()]);
export const values: Float32Array = await norm.forward(picked.tensor([1], [1])).data();
// @ts-expect-error: not every backend's buffers are addresses
export const unknown: bigint = picked.tensor([1], [1]).buffer;
// @ts-expect-error: there is no such option
cuda({ devices: 1 });
// @ts-expect-error: a stream is a bigint
cuda({ stream: 5 });
// @ts-expect-error: there is no such device
cuda({ device: 'emulated sm_70' });
`;

testPrograms(import.meta.url, {
  'without DOM': { code: PROGRAM, lib: ['es2022'] },
  'in Node': {
    code: `${PROGRAM}
await using other = await cuda().create();
using y = other.empty([2, 2]);
using captured = other.capture(() => norm.forward(y, y));
captured.launch();
export const file: Buffer = Buffer.from((await y.data()).buffer);
`,
    lib: ['es2022', 'esnext.disposable'],
    types: ['node'],
  },
});
