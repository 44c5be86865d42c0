import type { Backend, DType, Tensor } from '@rmsnorm/core';
import type { CudaGraph } from './capture.ts';

/** A tensor in the memory of a GPU. */
export interface CudaTensor<D extends DType = DType> extends Tensor<D> {
  readonly backend: CudaBackend;
  /** The device address. Once it was read, `dispose` alone frees the tensor and its backend, not garbage collection. */
  readonly buffer: bigint;
}

/** Memory of yours to wrap, with its length where that is known: it is checked then. */
export interface CudaPointer {
  readonly pointer: bigint;
  readonly bytes?: number | undefined;
}

/** A backend on CUDA: `tensor.buffer` is a device address, and `wrap` takes one, or a {@link CudaPointer}. */
export interface CudaBackend extends Backend<{ readonly [D in DType]: CudaTensor<D> }> {
  /** The CUstream that everything is enqueued on. Once it was read, `dispose` alone ends the backend, not garbage collection. */
  readonly stream: bigint;
  /**
   * Captures what `fn` enqueues as a CUDA graph, instead of running it. Each launch of the graph then runs all of it
   * again, on the same tensors: these must live for as long.
   * Nothing is allocated, written or read within: every result needs a tensor that was made before, as `out`, and a norm
   * with a gamma or beta was called once before, which uploads them. `fn` is not async.
   *
   *     norm.forward(x, y);
   *     const graph = backend.capture(() => norm.forward(x, y));
   *     graph.launch();
   *
   * @throws RMSNormError INVALID_OPTION, DISPOSED, OUT_OF_MEMORY, DEVICE_LOST, DEVICE_ERROR, and what `fn` throws
   */
  capture(fn: () => void): CudaGraph;
}
