import { type WasmBuffer, wasm } from '@rmsnorm/wasm';
import type { Candidate } from '../candidate.ts';
import { copySource } from '../copy-source.ts';
import { COPY_HEX } from '../generated/copy-hex.ts';
import type { Workload } from '../workload.ts';

/** What assembly/copy.ts exports. */
export interface CopyModule {
  simdCopy(to: number, from: number, bytes: number): void;
  plainCopy(to: number, from: number, bytes: number): void;
  memoryCopy(to: number, from: number, bytes: number): void;
}

/** A copy between two tensors of a backend of its own: its bytes are placed in memory as those of `rmsnorm-wasm`. */
export async function heapCopy(work: Workload, loop: keyof CopyModule): Promise<Candidate> {
  const bytes = copySource(work);
  const backend = await wasm().create();
  const words = bytes.length / 2;
  const source = backend.tensor(new Uint16Array(bytes.buffer), [words], 'bfloat16');
  const target = backend.empty([words], 'bfloat16');
  const { memory, byteOffset: from } = source.buffer as WasmBuffer;
  const { byteOffset: to } = target.buffer as WasmBuffer;
  const copy = (await copyModule(memory as WebAssembly.Memory))[loop];
  return {
    run: (count) => {
      for (let i = 0; i < count; i++) copy(to, from, bytes.length);
    },
    result: async () => ({ copied: new Uint8Array(((await target.data()) as Uint16Array).buffer) }),
    dispose: () => backend.dispose(),
  };
}

export async function copyModule(memory: WebAssembly.Memory): Promise<CopyModule> {
  const code = Uint8Array.from(COPY_HEX.match(/../g)!, (digits) => Number.parseInt(digits, 16));
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  return instance.exports as unknown as CopyModule;
}
