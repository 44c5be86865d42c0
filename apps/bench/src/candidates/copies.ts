import { readFile } from 'node:fs/promises';
import { type WasmBuffer, wasm } from '@rmsnorm/wasm';
import type { Candidate, Entrant } from '../candidate.ts';
import type { Workload } from '../workload.ts';

/** What assembly/copy.ts exports. */
interface CopyModule {
  simdCopy(to: number, from: number, bytes: number): void;
  memoryCopy(to: number, from: number, bytes: number): void;
}

export const simdCopy: Entrant = {
  name: 'simd-copy',
  does: 'copy',
  about: 'the ceiling: a plain SIMD copy loop of the same bytes inside a WASM heap',
  create: (work) => heapCopy(work, 'simdCopy'),
};

export const memoryCopy: Entrant = {
  name: 'memory.copy',
  does: 'copy',
  about: 'the memory.copy instruction on the same bytes inside a WASM heap',
  create: (work) => heapCopy(work, 'memoryCopy'),
};

export const arraySet: Entrant = {
  name: 'array-set',
  does: 'copy',
  about: 'TypedArray.prototype.set between two arrays of the same bytes',
  async create({ x }: Workload): Promise<Candidate> {
    const to = x.slice().fill(0);
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) to.set(x);
    };
    return { run, result: async () => to, dispose: () => {} };
  },
};

export const arraySlice: Entrant = {
  name: 'array-slice',
  does: 'copy',
  about: 'TypedArray.prototype.slice: the same copy, into a new array each time',
  async create({ x }: Workload): Promise<Candidate> {
    let to = x;
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) to = x.slice();
    };
    return { run, result: async () => to, dispose: () => {} };
  },
};

/** Between two tensors of a backend of its own, so that the bytes lie as those of `rmsnorm-wasm` do. */
async function heapCopy({ x, dtype, shape }: Workload, loop: keyof CopyModule): Promise<Candidate> {
  const backend = await wasm().create();
  const source = backend.tensor(x, shape.shape, dtype);
  const target = backend.empty(shape.shape, dtype);
  const { memory, byteOffset: from } = source.buffer as WasmBuffer;
  const { byteOffset: to } = target.buffer as WasmBuffer;
  const copy = (await copyModule(memory as WebAssembly.Memory))[loop];
  return {
    run: (count) => {
      for (let i = 0; i < count; i++) copy(to, from, x.byteLength);
    },
    result: async () => (await target.data()) as Float32Array | Uint16Array,
    dispose: () => backend.dispose(),
  };
}

async function copyModule(memory: WebAssembly.Memory): Promise<CopyModule> {
  const code = await readFile(new URL('../../dist/copy.wasm', import.meta.url));
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  return instance.exports as unknown as CopyModule;
}
