/**
 * What the compiled module (`assembly/`, inlined by `scripts/build-wasm.mjs`) exports, and what it expects.
 *
 * The module imports its memory as `env.memory` (not shared, but see threads/shared-module.ts), keeps a few constants
 * below `MODULE_BYTES`, which it does not change, and never allocates: the host owns every byte from there on, and says
 * in each call which of them the kernels may use. Addresses are u32: above 2 GB they come back from the module negative,
 * so `>>> 0` what you get (what you pass needs nothing). Address 0 is null. Nothing may be placed in the last 64 bytes
 * below 4 GB.
 *
 * A call is described by a descriptor, a struct in that memory: `assembly/descriptor.ts` says which fields it has,
 * `Descriptor` writes them. What the fields name is validated, and not empty. Tensors are aligned to their element (4
 * bytes, 2, or 1), gamma, beta and rstd to 4, scratch memory and descriptors to 64; tensors that are, too, run fastest.
 * An output overlaps another operand only where it begins at the same address as an input that core allows for it.
 *
 * A row's bits depend on nothing but the row, its gamma and beta, and (op, size, statSize, inner === 1, dtype, options):
 * a caller may cut a problem along outer, groups (moving gamma and beta by size elements; not for forwardQuantized) or
 * inner, as long as a part of an inner > 1 keeps an inner > 1.
 */
export interface Kernels {
  /**
   * To be called whenever a field other than an address, `interleaved`, or the columns has changed: checks the
   * descriptor, adds what follows from it, and says how many bytes of scratch memory `run` needs. As u32: `>>> 0`.
   * What it needs does not depend on outer.
   */
  complete(descriptor: number): number;

  /** Does the call. What is in scratch memory does not matter before or after. */
  run(descriptor: number, scratch: number): void;
}

/** Addresses below belong to the module (and 0 is null). */
export const MODULE_BYTES = 1024;

/** Addresses from here on are handed out: below stand descriptors. */
export const HEAP_BASE = 4096;

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65536;
