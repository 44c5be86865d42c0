// The part of the WebAssembly JavaScript interface that is used here, structurally: it belongs to lib.dom and to
// Node's types, and this package needs neither.

/** A compiled `WebAssembly.Module`. */
export type WasmModule = object;

/** A `WebAssembly.Memory`. */
export interface WasmMemory {
  /** Replaced whenever the memory grows. The old one is detached, or, where there are threads, as short as before. */
  readonly buffer: ArrayBufferLike;
  /** Adds pages of 64 KiB; throws RangeError where that is not possible. */
  grow(pages: number): number;
}

export interface WebAssemblyInterface {
  readonly Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly exports: Readonly<Record<string, unknown>> }>;
}

/** The engine's WebAssembly, where it has one. */
export function webAssembly(): WebAssemblyInterface | undefined {
  return (globalThis as { WebAssembly?: WebAssemblyInterface }).WebAssembly;
}
