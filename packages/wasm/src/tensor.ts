import type { Backend, DType, Tensor, ViewOf } from '@rmsnorm/core';
import type { WasmBuffer } from './handle.ts';

/** A tensor in the WebAssembly memory. */
export interface WasmTensor<D extends DType = DType> extends Tensor<D> {
  readonly backend: WasmBackend;
  readonly buffer: WasmBuffer;
  /**
   * The memory itself. Any later allocation may move it: take a new view then. It is shared memory where the backend
   * has threads.
   */
  view(): ViewOf<D>;
}

/** The WebAssembly backend: its tensors have a `view`, and their `buffer` is a place in its memory. */
export interface WasmBackend extends Backend<{ readonly [D in DType]: WasmTensor<D> }> {}
