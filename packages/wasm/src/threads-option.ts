import type { Compiled, Refusal } from './compile.ts';
import type { WasmModule } from './web-assembly.ts';

/** The key under which threads() puts its code, for any copy of this package. */
export const COMPILE: unique symbol = Symbol.for('@rmsnorm/wasm/threads');

/** Threads for `wasm({ threads })`. `threads()` of `@rmsnorm/wasm/threads` makes them. */
export interface Threads {
  /** How many share the work, the calling one included. */
  readonly count: number;
  /** Not for callers. */
  readonly [COMPILE]: unknown;
}

/**
 * What runs on shared memory, with workers.
 * @param module of the caller, or undefined for the inlined one
 * @throws Error why there are no threads, for now
 */
export type CompileThreaded = (module: WasmModule | undefined) => Promise<Compiled | Refusal>;

export function isThreads(value: unknown): value is Threads & { readonly [COMPILE]: CompileThreaded } {
  return typeof value === 'object' && value !== null && typeof (value as Threads)[COMPILE] === 'function';
}
