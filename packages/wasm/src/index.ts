export type { WasmBuffer } from './handle.ts';
export type { WasmOptions } from './options.ts';
export { wasm } from './provider.ts';
export type { WasmBackend, WasmTensor } from './tensor.ts';
export type { Threads } from './threads-option.ts';
export type { WasmMemory, WasmModule } from './web-assembly.ts';
