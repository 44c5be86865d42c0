import { testPrograms } from '../../../.ci/compiled-programs.ts';

const PROGRAM = `
import { type Backend, type BackendProvider, pickBackend, reference, RMSNorm } from '@rmsnorm/core';
import { wasm, type WasmBackend, type WasmBuffer, type WasmTensor } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';

const provider: BackendProvider<WasmBackend> = wasm({ maxBytes: 2 ** 26, threads: threads(2) });
const backend = await provider.create({ signal: undefined });
const norm = new RMSNorm({ dim: 4, axis: -1 });

// Every tensor has a view of its dtype, and so has what comes of it.
const x: WasmTensor<'float32'> = backend.tensor([1, 2, 3, 4], [1, 4]);
const half = backend.tensor(new Uint16Array(4), [1, 4], 'float16');
export const views: [Float32Array, Uint16Array, Float32Array, Int8Array] = [
  norm.forward(x).view(),
  norm.forward(half).view(),
  norm.sumSquares(half).view(),
  norm.forwardQuantized(x).q.view(),
];
export const sum: Float32Array = norm.addForward(x, x).sum.view();
export const gradient: Float32Array | undefined = norm.backward(half, half).dgamma?.view();
export const empty: Int8Array = backend.empty([4], 'int8').view();
export const wrapped: Float32Array = backend.wrap(x.view().subarray(1), [3]).view();
x.view().set([1, 2, 3, 4]);

// Its buffer is a place in the memory.
const place: WasmBuffer = norm.forward(x).buffer;
export const address: number = norm.sumSquares(x).buffer.byteOffset + place.byteLength;
export const same: WasmBackend = norm.forward(x).backend;
export const tidied: Float32Array = backend.tidy(() => norm.forward(x)).view();

// It is a backend as others are.
export const some: Backend = backend;
const picked = await pickBackend([wasm(), reference()]);
export const values: Float32Array = await norm.forward(picked.tensor([1], [1])).data();
export const fast: WasmBackend = await pickBackend([wasm(), async () => wasm()]);
// @ts-expect-error: not every backend's tensors have a view
picked.tensor([1], [1]).view();
// @ts-expect-error: there is no such option
wasm({ maxByte: 1 });
`;

testPrograms(import.meta.url, {
  'without DOM': { code: PROGRAM, lib: ['es2022'] },
  'in a page': {
    code: `${PROGRAM}
declare const audio: AudioBuffer;
audio.copyToChannel(await norm.forward(x).data(), 0);
await using other = await wasm().create();
using y = other.empty([2, 2]);
export const [first]: Float32Array = y.view();
export const module = wasm({ module: await WebAssembly.compile(new Uint8Array(8)) });
`,
    lib: ['es2022', 'esnext.disposable', 'dom'],
  },
});
