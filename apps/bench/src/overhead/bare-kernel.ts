import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { problemOf, resolveOptions } from '@rmsnorm/core';
import type { Run } from '../method/stopwatch.ts';

/** What packages/wasm/src/kernels.ts says that the kernel module exports. */
interface Kernels {
  complete(descriptor: number): number;
  run(descriptor: number, scratch: number): void;
}

/** The modules of @rmsnorm/wasm that describe a call. No export names them: they lie beside rmsnorm.wasm. */
interface DescriptorModule {
  readonly Descriptor: new (
    memory: WebAssembly.Memory,
    address: number,
  ) => { readonly words: Uint32Array; describe(op: number, problem: object, part: object): boolean };
}

interface FieldsModule {
  readonly WORD: Readonly<Record<'x' | 'gamma' | 'y', number>>;
  readonly OP: { readonly forward: number };
}

/** Below are constants of the module. Descriptors and scratch memory are at multiples of 64. */
const DESCRIPTOR = 1024;
const OPERANDS = 4096;

/** forward of one row of `dim` features, by the kernel module itself. */
export async function bareKernel(dim: number): Promise<Run> {
  const wasm = import.meta.resolve('@rmsnorm/wasm/rmsnorm.wasm');
  const { Descriptor } = (await import(new URL('./descriptor.js', wasm).href)) as DescriptorModule;
  const { WORD, OP } = (await import(new URL('./generated/descriptor/index.js', wasm).href)) as FieldsModule;
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { instance } = await WebAssembly.instantiate(await readFile(fileURLToPath(wasm)), { env: { memory } });
  const { complete, run } = instance.exports as unknown as Kernels;

  const problem = problemOf(resolveOptions({ dim, axis: -1 }), [1, dim], 'float32');
  const descriptor = new Descriptor(memory, DESCRIPTOR);
  descriptor.describe(OP.forward, problem, problem);
  const x = OPERANDS;
  const gamma = x + dim * 4;
  const y = gamma + dim * 4;
  const scratch = y + dim * 4;
  descriptor.words[WORD.x] = x;
  descriptor.words[WORD.gamma] = gamma;
  descriptor.words[WORD.y] = y;
  if (scratch + (complete(DESCRIPTOR) >>> 0) > memory.buffer.byteLength) throw new Error('scratch is too large');
  new Float32Array(memory.buffer, x, 2 * dim).fill(1);
  return (count) => {
    for (let i = 0; i < count; i++) run(DESCRIPTOR, scratch);
  };
}
