import type { Backend, DType, Tensor } from '@rmsnorm/core';
import type { GPUBufferLike, GPUCommandEncoderLike } from './gpu-types.ts';

/** A tensor in a GPUBuffer. */
export interface WebGPUTensor<D extends DType = DType> extends Tensor<D> {
  readonly backend: WebGPUBackend;
  /** Of at least the tensor's bytes, from its start; of a wrapped part, the whole buffer. */
  readonly buffer: NativeBuffer;
}

/** `GPUBuffer` where a program has WebGPU's types, from lib.dom or from @webgpu/types; else what all of them have. */
export type NativeBuffer = typeof globalThis extends { readonly [Name in 'GPUBuffer']: { readonly prototype: infer B } }
  ? B
  : GPUBufferLike;

/** A backend on WebGPU: `tensor.buffer` is a GPUBuffer, and `wrap` takes one. */
export interface WebGPUBackend extends Backend<{ readonly [D in DType]: WebGPUTensor<D> }> {
  /**
   * Submits what is pending, then puts the work that `fn` enqueues into the caller's command encoder, between passes,
   * and leaves it there: the caller submits it, as part of the rest. Until then its tensors must live, and nothing may
   * be read. Every result needs a tensor that was made before, as `out`: nothing is allocated that outlives the call.
   * What the device has to say against the work, it says to the caller. Where `fn` throws, so does record(), and what
   * was recorded up to then stays in the encoder.
   *
   *     backend.record(encoder, () => norm.forward(x, y));
   *     device.queue.submit([encoder.finish()]);
   *
   * @throws RMSNormError INVALID_OPTION, DISPOSED, DEVICE_LOST, and what `fn` throws
   */
  record(encoder: GPUCommandEncoderLike, fn: () => void): void;
}
