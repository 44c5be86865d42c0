import { testPrograms } from '../../../.ci/compiled-programs.ts';

/** With no more of the standard library than a program for ES2022 asks for: no DOM, no Disposable. */
const WITHOUT_DOM = `
import { type Backend, createBackend, hostTensor, pickBackend, presets, reference, RMSNorm } from '@rmsnorm/core';
import type { Float16ArrayLike, HostTensor, Tensor } from '@rmsnorm/core';

const backend: Backend = await reference().create();
const norm = new RMSNorm({ dim: 4, axis: -1 });

// Elements are typed by the dtype.
const x = backend.tensor(new Float32Array(4), [1, 4]);
const x16 = backend.tensor([1, 2, 3, 4], [1, 4], 'float16');
const raw = backend.tensor(new Uint16Array(4), [1, 4], 'bfloat16');
export const values: Float32Array = await norm.forward(x).data();
export const halves: Uint16Array = await norm.forward(x16, { out: backend.empty([1, 4], 'float16') }).data();
export const dtype: 'bfloat16' = norm.forward(raw).dtype;
export const sum: Float32Array = await norm.addForward(x, x).sum.data();
export const sums: Float32Array = await norm.sumSquares(x16).data();
export const q: Int8Array = await norm.forwardQuantized(x16).q.data();
const { dx, dgamma } = norm.backward(x16, x16, { out: { dgamma: backend.empty([4]) } });
export const gradients: [Uint16Array, Float32Array | undefined] = [await dx.data(), await dgamma?.data()];
// @ts-expect-error: a float32 tensor has no raw bits
export const wrong: Uint16Array = await x.data();
const either: Tensor = x16;
export const some: Float32Array | Uint16Array | Int8Array = await either.data();
export const kept: Tensor = norm.forward(either);

// An array whose bits may be of two dtypes needs one, as in hostTensor.
export const named: Tensor<'float16'> = backend.tensor(new Uint16Array(2), [2], 'float16');
// @ts-expect-error: raw bits of float16 or bfloat16
backend.tensor(new Uint16Array(2), [2]);
// @ts-expect-error: raw bits are not float32
backend.tensor(new Uint16Array(2), [2], 'float32');
// @ts-expect-error: as above
hostTensor(new Uint16Array(2), [2]);
declare const native: Float16ArrayLike;
export const native16: Tensor<'float16'> = backend.tensor(native, [2]);
// @ts-expect-error: a Float16Array is not rounded to another dtype
backend.tensor(native, [2], 'bfloat16');
export const plain: Tensor<'float32'> = backend.tensor([1, 2], [2]);
export const rounded: Tensor<'bfloat16'> = backend.tensor(new Float32Array(2), [2], 'bfloat16');
declare const given: HostTensor;
export const ofGiven: Tensor<'float32' | 'float16' | 'bfloat16'> = backend.tensor(given.data, given.shape, given.dtype);
// @ts-expect-error: it may hold raw bits
backend.tensor(given.data, given.shape);

// Arguments after the last are no call of these.
// @ts-expect-error: rstd stands beside out
norm.forward(x, x, { rstd: x });
// @ts-expect-error: llama has dim and eps
presets.llama(4, 1e-5, 7);

// Host tensors without \`as const\`; apply gives back what it was given.
const host = hostTensor([[1, 2], [3, 4]]);
export const applied: Float32Array = (await norm.apply(host, backend)).data;
export const bits: Uint16Array = (await norm.apply(hostTensor(new Uint16Array(4), [1, 4], 'float16'), backend)).data;
const into = { dtype: 'float32', shape: [2, 2], data: new Float32Array(4) } as const;
export const shape: readonly [2, 2] = (await norm.apply(host, backend, { out: into })).shape;
// @ts-expect-error: a float32 host tensor holds a Float32Array
export const mismatch: HostTensor<'float32'> = { dtype: 'float32', shape: [1], data: new Uint16Array(1) };
norm.gamma?.data.set([1, 2, 3, 4]);
norm.loadStateDict({ 'model.norm.weight': host }, { prefix: 'model.norm.' });

// What tidy returns has the type that the function returns.
const tidied: Tensor<'float32'> = backend.tidy(() => norm.forward(norm.forward(x)));
export const later: Promise<number> = backend.tidy(async () => (await tidied.data())[0]!);
export const picked: Backend = await pickBackend([reference(), async () => reference()]);

new RMSNorm({ ...presets.llama(4) });
// @ts-expect-error: a preset is to be called
new RMSNorm({ dim: 4, ...presets.llama });
// @ts-expect-error: there is no such key
norm.forward(x, { output: x });
// @ts-expect-error: out is an object here
norm.addForward(x, x, { out: x });
// @ts-expect-error: null is no option's value
norm.forward(x, { out: null });
// @ts-expect-error: an axis is a number
new RMSNorm({ dim: 4, axis: 'last' });
export { createBackend };
`;

/** Where results go in a page, and \`using\`. */
const IN_A_PAGE = `
import { hostTensor, reference, RMSNorm } from '@rmsnorm/core';

declare function writeBuffer(data: BufferSource): void;
declare const audio: AudioBuffer;

await using backend = await reference().create();
using norm = new RMSNorm(4);
using x = backend.tensor([1, 2, 3, 4], [1, 4]);
using y = norm.forward(x);
const values = await y.data();
export const blob = new Blob([values]);
export const posted = fetch('/rows', { method: 'POST', body: values });
audio.copyToChannel(values, 0);
writeBuffer(values);
const applied = await norm.apply(hostTensor(new Float32Array(4), [1, 4]), backend);
audio.copyToChannel(applied.data, 0);
writeBuffer(applied.data);
writeBuffer(await norm.sumSquares(x).data());
writeBuffer(await norm.forwardQuantized(x).q.data());
`;

/** What a backend does whose tensors have more than all have. */
const OWN_TENSORS = `
import { type DType, type Driver, createBackend, type Tensor, type WithDType } from '@rmsnorm/core/driver';
import { type Backend, type BackendProvider, pickBackend, RMSNorm, type ViewOf } from '@rmsnorm/core';

interface Place { readonly address: number }
interface HeapTensor<D extends DType = DType> extends Tensor<D> {
  readonly buffer: Place;
  readonly backend: HeapBackend;
  view(): ViewOf<D>;
}
interface HeapBackend extends Backend<{ readonly [D in DType]: HeapTensor<D> }> { grow(pages: number): void }

declare const driver: Driver<number>;
declare const provider: BackendProvider<HeapBackend>;
const made = createBackend<number, { readonly [D in DType]: HeapTensor<D> }>(driver);
export const plain: Backend = made;
const backend: HeapBackend = Object.assign(made, { grow(_pages: number) {} });
const x = backend.tensor([1, 2, 3, 4], [1, 4], 'float16');
const norm = new RMSNorm(4);
const y = norm.forward(x);
export const view: Uint16Array = y.view();
export const place: Place = norm.addForward(x, x).sum.buffer;
const sums = norm.sumSquares(x);
export const inMemory: [Float32Array, number] = [sums.view(), sums.buffer.address];
const { q } = norm.forwardQuantized(x);
export const bytes: Int8Array = q.view();
q.backend.grow(1);
export const typed: WithDType<HeapTensor, 'float32'> = sums;
(await pickBackend([provider, async () => provider])).grow(1);
declare const any: Tensor;
// @ts-expect-error: not every tensor has a view
norm.forward(any).view();
`;

testPrograms(import.meta.url, {
  'without DOM': { code: WITHOUT_DOM, lib: ['es2022'] },
  'in a page': { code: IN_A_PAGE, lib: ['es2022', 'esnext.disposable', 'dom'] },
  'with tensors of its own': { code: OWN_TENSORS, lib: ['es2022'] },
});
