import type {
  AddForwardIO,
  BackwardIO,
  Driver,
  DType,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  HostForwardIO,
  Problem,
  ScaleByIO,
  SumSquaresIO,
  Supports,
} from '@rmsnorm/core';
import type { Block } from './block.ts';
import { DEVICE } from './device.ts';
import { OP, OPS } from './generated/descriptor/index.ts';
import { blockAt, handleOf, type WasmBuffer } from './handle.ts';
import type { Heap } from './heap.ts';
import { KernelCalls } from './kernel-calls.ts';
import type { Kernels } from './kernels.ts';
import { Scratch } from './scratch.ts';
import { streamForward } from './stream-forward.ts';

// A second-level cache holds a part of this size. Sizes from 128 to 512 KiB differ little.
const BUFFER_BYTES = 256 * 1024;

/** The driver of this package: tensors in the WebAssembly memory, and the kernels that run on them. */
export class WasmDriver implements Driver<Block> {
  readonly name: string = 'wasm';
  readonly device: string;
  readonly supports: Supports = {
    // Lists of this package, not core's, which may grow. OPS are the operations of assembly/descriptor.ts.
    ops: OPS,
    dtypes: ['float32', 'float16', 'bfloat16'],
    accuracy: 'ieee',
    features: ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'],
    promises: ['extremes', 'nonFinite', 'subnormals', 'invariance'],
  };
  readonly #bufferBytes: number;
  // Null once disposed, so that a backend that is still referenced does not keep the memory alive.
  #live: { readonly heap: Heap; readonly calls: KernelCalls } | null;

  /** @param bufferBytes the size of the parts in which `apply` copies arrays into the memory */
  constructor(kernels: Kernels, heap: Heap, device: string = DEVICE, bufferBytes: number = BUFFER_BYTES) {
    this.device = device;
    this.#live = { heap, calls: new KernelCalls(kernels, heap.memory, new Scratch(heap)) };
    this.#bufferBytes = bufferBytes;
  }

  alloc(bytes: number): Block {
    return { address: this.#heap.alloc(bytes), bytes, owned: true };
  }

  free({ address, bytes, owned }: Block): void {
    if (owned) this.#heap.free(address, bytes);
  }

  write({ address }: Block, bytes: Uint8Array): void {
    this.#heap.bytes.set(bytes, address);
  }

  async read({ address }: Block, into: Uint8Array): Promise<void> {
    into.set(this.#heap.bytes.subarray(address, address + into.length));
  }

  view({ address, bytes }: Block): Uint8Array {
    return this.#heap.bytes.subarray(address, address + bytes);
  }

  adopt(handle: unknown, bytes: number, dtype: DType): Block {
    return blockAt(this.#heap, handle, bytes, dtype);
  }

  handle(block: Block): WasmBuffer {
    return handleOf(this.#heap, block);
  }

  forward(p: Problem, io: ForwardIO<Block>): void {
    this.#live!.calls.forward(p, io);
  }

  // The operands are listed in the order of core's OPERATIONS.

  addForward(p: Problem, { x, residual, gamma, beta, y, sum, rstd }: AddForwardIO<Block>): void {
    this.#live!.calls.run(OP.addForward, p, [x, residual, gamma, beta, y, sum, rstd]);
  }

  gatedForward(
    p: Problem & { readonly normBeforeGate: boolean },
    { x, gate, gamma, beta, y, rstd }: GatedForwardIO<Block>,
  ): void {
    this.#live!.calls.run(OP.gatedForward, p, [x, gate, gamma, beta, y, rstd]);
  }

  backward(p: Problem, { x, gamma, dy, rstd, dsum, dx, dgamma, dbeta }: BackwardIO<Block>): void {
    this.#live!.calls.run(OP.backward, p, [x, gamma, dy, rstd, dsum, dx, dgamma, dbeta]);
  }

  sumSquares(p: Problem, { x, sums }: SumSquaresIO<Block>): void {
    this.#live!.calls.run(OP.sumSquares, p, [x, sums]);
  }

  scaleBy(p: Problem & { readonly count: number }, { x, sums, gamma, beta, y }: ScaleByIO<Block>): void {
    this.#live!.calls.run(OP.scaleBy, p, [x, sums, gamma, beta, y]);
  }

  forwardQuantized(
    p: Problem & { readonly scale: number | null },
    { x, gamma, beta, q, scales }: ForwardQuantizedIO<Block>,
  ): void {
    this.#live!.calls.run(OP.forwardQuantized, p, [x, gamma, beta, q, scales]);
  }

  async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
    streamForward(this.#heap, this.#live!.calls, p, io, this.#bufferBytes);
  }

  dispose(): void {
    this.#live = null;
  }

  get #heap(): Heap {
    return this.#live!.heap;
  }
}
