import type { FloatDType, Op } from '@rmsnorm/core';

/**
 * What the compiled module (`assembly/`, inlined by `scripts/build-wasm.mjs`) exports, and what it expects.
 *
 * The module imports its memory as `env.memory` (not shared, but see threads/shared-module.ts), keeps a few constants
 * below `HEAP_BASE`, and never allocates: operations that threads share write nothing there either, as each has an instance
 * of its own on the same memory; the host owns every byte from there on. Pointers are byte addresses as u32: above 2 GB they come back from
 * the module negative, so `>>> 0` what you get (what you pass needs nothing). Pointer 0 is null. Nothing may be placed in
 * the last 64 bytes below 4 GB.
 */
export interface Kernels {
  /**
   * One forward of a validated, non-empty problem; see `Problem` of core for the mathematics.
   *
   * `x` and `y` must be aligned to their element (4 bytes, or 2), `gamma`, `beta` and `rstd` to 4, `scratch` to 16;
   * blocks aligned to 64 run fastest. `y` may be `x`; apart from that nothing overlaps. `scratch` has at least
   * `scratchBytes(...)` bytes, its contents do not matter before or after.
   *
   * A row's bits depend on nothing but the row, its gamma and beta, and (size, statSize, inner === 1, dtype, options):
   * a caller may cut a problem along outer, groups (moving gamma and beta by size elements) or inner, as long as a part
   * of an inner > 1 keeps an inner > 1.
   */
  forward(
    dtype: number,
    x: number,
    gamma: number,
    beta: number,
    y: number,
    rstd: number,
    scratch: number,
    outer: number,
    groups: number,
    size: number,
    inner: number,
    statSize: number,
    eps: number,
    clamp: number,
    alpha: number,
    weightOffset: number,
    flags: number,
  ): void;

  /** Bytes of scratch memory that `forward` needs; does not depend on outer. As u32: `>>> 0`. */
  scratchBytes(dtype: number, groups: number, size: number, inner: number, weightOffset: number): number;

  /** The same for an operation, by its code. */
  operationBytes(op: number, dtype: number, groups: number, size: number, inner: number, weightOffset: number): number;

  /**
   * What the next call, of one of the operations below, is about. Arguments as of `forward`; `scratch` is aligned to 64
   * and has `operationBytes(...)` bytes. What the operations read and write is aligned as there, `q` not at all, and
   * overlaps only where an output is at the very address of an input that core allows for it.
   */
  begin(
    op: number,
    dtype: number,
    gamma: number,
    beta: number,
    scratch: number,
    outer: number,
    groups: number,
    size: number,
    inner: number,
    statSize: number,
    eps: number,
    clamp: number,
    alpha: number,
    weightOffset: number,
    flags: number,
  ): void;
  addForward(x: number, residual: number, sum: number, y: number, rstd: number): void;
  gatedForward(x: number, gate: number, y: number, rstd: number, normBeforeGate: number): void;
  backward(x: number, dy: number, rstd: number, dsum: number, dx: number, dgamma: number, dbeta: number): void;
  sumSquares(x: number, sums: number): void;
  scaleBy(x: number, sums: number, count: number, y: number): void;
  /** `scale` 0: one for each (outer, inner). */
  forwardQuantized(x: number, q: number, scales: number, scale: number): void;
}

/** The first argument of `begin`. */
export const OP_CODE: Readonly<Record<Op, number>> = Object.freeze({
  forward: 0,
  addForward: 1,
  gatedForward: 2,
  backward: 3,
  sumSquares: 4,
  scaleBy: 5,
  forwardQuantized: 6,
});

/** Bits of the last argument of `forward` and `begin`. */
export const FLAGS: Readonly<{
  /** casting 'llama'. */
  llama: number;
  /** Contiguous float32 rows are summed and scaled in turn, not scaled while the next are summed: the same bits. */
  apart: number;
}> = Object.freeze({ llama: 1, apart: 2 });

/** The dtype as the kernels take it. */
export const DTYPE_CODE: Readonly<Record<FloatDType, number>> = Object.freeze({ float32: 0, float16: 1, bfloat16: 2 });

/** Addresses below belong to the module (and 0 is null): the host's heap begins here. */
export const HEAP_BASE = 1024;

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65536;
