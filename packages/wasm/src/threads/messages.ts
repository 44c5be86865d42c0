import type { WasmMemory, WasmModule } from '../web-assembly.ts';

/** What a worker gets when it starts. */
export interface Task {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** The address of the chunks' descriptors. */
  readonly chunks: number;
  readonly control: SharedArrayBuffer;
  readonly thread: number;
  readonly threads: number;
}

/** What it answers when it is about to wait for jobs. */
export type Ready = 'ready';
