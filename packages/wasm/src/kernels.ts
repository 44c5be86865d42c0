/**
 * What the compiled module exports. `assembly/` is its source; `scripts/build-wasm.mjs` compiles and inlines it.
 *
 * Memory: the module imports it as `env.memory`, which is not shared (but see threads/shared-module.ts). It keeps
 * constants below `MODULE_BYTES`, never changes them, and never allocates. The host owns every byte from there on, and
 * says in each call which of them the kernels may use. Nothing may be placed in the last 64 bytes below 4 GB.
 *
 * Addresses are u32, and 0 is null. Above 2 GB they come back from the module negative: `>>> 0` what you get.
 *
 * A call is described by a struct in that memory, a descriptor: `assembly/descriptor.ts` has its fields, `Descriptor` of
 * this folder writes them. The problem must be valid and not empty. Tensors must be aligned to their element (4, 2 or 1
 * bytes), weights and statistics to 4, scratch memory and descriptors to 64. Tensors that are aligned to 64 run fastest.
 * An output may overlap another operand only if it is an input that core allows for it, at the same address.
 *
 * The bits of a row depend only on the row, its gamma and beta, op, size, statSize, inner === 1, dtype and the options.
 * So a caller may cut a problem along outer, along inner (a part must keep inner > 1), and along groups (moving gamma and
 * beta; not for forwardQuantized).
 */
export interface Kernels {
  /**
   * Computes what follows from a descriptor. To be called before `run` whenever its fields have changed, apart from
   * addresses, the columns, and `interleaved`. Returns the bytes of scratch memory that `run` needs, as u32 (`>>> 0`).
   * They do not depend on outer.
   */
  complete(descriptor: number): number;

  /** Runs a call. The contents of scratch memory do not matter, before or after. */
  run(descriptor: number, scratch: number): void;
}

/** Addresses below this belong to the module. */
export const MODULE_BYTES = 1024;

/** Descriptors lie between the module's bytes and this address, from which on blocks are allocated. */
export const HEAP_BASE = 4096;

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65536;
