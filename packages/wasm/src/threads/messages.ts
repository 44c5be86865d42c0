import type { WasmMemory, WasmModule } from '../web-assembly.ts';

/** What a worker gets when it starts. */
export interface Task {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
  readonly threads: number;
}

/** What it says when it is about to wait for jobs. */
export type Ready = 'ready';
