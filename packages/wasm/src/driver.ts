import {
  type AddForwardIO,
  type BackwardIO,
  type Driver,
  type DType,
  FEATURES,
  FLOAT_DTYPES,
  type ForwardIO,
  type ForwardQuantizedIO,
  type GatedForwardIO,
  GUARANTEES,
  type HostForwardIO,
  OPS,
  type Problem,
  type ScaleByIO,
  type SumSquaresIO,
  type Supports,
} from '@rmsnorm/core';
import type { Block } from './block.ts';
import { ForwardKernel } from './forward-kernel.ts';
import { blockAt, handleOf, type WasmBuffer } from './handle.ts';
import type { Heap } from './heap.ts';
import type { Kernels } from './kernels.ts';
import { OperationKernels } from './operation-kernels.ts';
import { refuseOverlaps } from './overlap.ts';
import { Scratch } from './scratch.ts';
import { streamForward } from './stream-forward.ts';

// A part of this size stays in the second-level cache of a current core; from 128 to 512 KiB there is little between them.
const STAGE_BYTES = 256 * 1024;

export const DEVICE = 'WebAssembly SIMD, one thread';

/** Tensors in the WebAssembly memory, and the kernels that run on it. */
export class WasmDriver implements Driver<Block> {
  readonly name: string = 'wasm';
  readonly device: string;
  readonly supports: Supports = {
    ops: OPS,
    dtypes: FLOAT_DTYPES,
    accuracy: 'ieee',
    features: FEATURES,
    promises: GUARANTEES,
  };
  readonly #stageBytes: number;
  // Null once disposed: whoever still holds the backend then does not hold the memory.
  #live: { readonly heap: Heap; readonly forward: ForwardKernel; readonly others: OperationKernels } | null;

  /** @param stageBytes how large a part of outside arrays `apply` brings in at once */
  constructor(kernels: Kernels, heap: Heap, device: string = DEVICE, stageBytes: number = STAGE_BYTES) {
    this.device = device;
    const scratch = new Scratch(heap);
    const forward = new ForwardKernel(kernels, scratch);
    this.#live = { heap, forward, others: new OperationKernels(kernels, scratch) };
    this.#stageBytes = stageBytes;
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
    refuseOverlaps(io);
    const { x, gamma, beta, y, rstd } = io;
    this.#live!.forward.run(
      p,
      p,
      x.address,
      gamma === null ? 0 : gamma.address,
      beta === null ? 0 : beta.address,
      y.address,
      rstd === null ? 0 : rstd.address,
    );
  }

  addForward(p: Problem, io: AddForwardIO<Block>): void {
    this.#live!.others.addForward(p, io);
  }

  gatedForward(p: Problem & { readonly normBeforeGate: boolean }, io: GatedForwardIO<Block>): void {
    this.#live!.others.gatedForward(p, io);
  }

  backward(p: Problem, io: BackwardIO<Block>): void {
    this.#live!.others.backward(p, io);
  }

  sumSquares(p: Problem, io: SumSquaresIO<Block>): void {
    this.#live!.others.sumSquares(p, io);
  }

  scaleBy(p: Problem & { readonly count: number }, io: ScaleByIO<Block>): void {
    this.#live!.others.scaleBy(p, io);
  }

  forwardQuantized(p: Problem & { readonly scale: number | null }, io: ForwardQuantizedIO<Block>): void {
    this.#live!.others.forwardQuantized(p, io);
  }

  async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
    streamForward(this.#heap, this.#live!.forward, p, io, this.#stageBytes);
  }

  dispose(): void {
    this.#live = null;
  }

  get #heap(): Heap {
    return this.#live!.heap;
  }
}
