import {
  type AbortSignalLike,
  type AddForwardIO,
  type BackwardIO,
  type Driver,
  type DType,
  FEATURES,
  FLOAT_DTYPES,
  type ForwardIO,
  type ForwardQuantizedIO,
  type GatedForwardIO,
  type HostForwardIO,
  OPS,
  type PreparedUses,
  type Problem,
  RMSNormError,
  type ScaleByIO,
  type SumSquaresIO,
  type Supports,
} from '@rmsnorm/core';
import { hostForward } from './apply/host-forward.ts';
import { deviceError, Scopes } from './device/error-scopes.ts';
import { type GPUCommandEncoderLike, type GPUDeviceLike, tagOf } from './device/gpu.ts';
import { hostLimitsOf } from './device/limits.ts';
import { Loss } from './device/loss.ts';
import { BindGroups } from './execution/bind-groups.ts';
import { Executor } from './execution/executor.ts';
import { Pipelines } from './execution/pipelines.ts';
import { Calls, type Planners } from './execution/ready-plans.ts';
import { variantsOf } from './execution/variants.ts';
import { Work } from './execution/work.ts';
import { plan } from './kernels/index.ts';
import { blockAt } from './memory/adopt.ts';
import { Buffers } from './memory/buffers.ts';
import { type Block, setTaint } from './memory/memory.ts';
import { Readback } from './memory/readback.ts';
import { Scratch } from './memory/scratch.ts';
import { OPERATIONS } from './operations.ts';
import type { Capabilities } from './plan.ts';

export interface DriverOptions {
  /** The adapter in words. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Whether the device is ours to destroy. */
  readonly owned: boolean;
  /** Where the device comes from: Node's Dawn crashes where that is collected first, so it lives as long as the driver. */
  readonly source?: unknown;
  readonly maxPooledBytes: number;
  /** The kernels' own, unless given. */
  readonly planners?: Planners;
}

/** Tensors in GPUBuffers, and the kernels that run on them. */
export class WebGPUDriver implements Driver<Block> {
  readonly name: string = 'webgpu';
  readonly device: string;
  readonly supports: Supports;
  readonly source: unknown;
  readonly #device: GPUDeviceLike;
  readonly #owned: boolean;
  readonly #alignment: number;
  readonly #largest: number;
  readonly #scopes: Scopes;
  readonly #loss: Loss;
  readonly #work: Work;
  readonly #buffers: Buffers;
  readonly #readback: Readback;
  readonly #calls: Calls;
  readonly #executor: Executor;

  constructor(
    device: GPUDeviceLike,
    { name, capabilities, owned, source, maxPooledBytes, planners = plan }: DriverOptions,
  ) {
    this.#device = device;
    this.#owned = owned;
    this.source = source;
    this.#alignment = capabilities.limits.minStorageBufferOffsetAlignment;
    this.device = `${name}, ${capabilities.subgroups ? 'subgroups' : 'no subgroups'}, ${capabilities.toFloat16 === 'f16' ? 'shader-f16' : 'no shader-f16'}`;
    this.supports = {
      ops: OPS.filter((op) => planners[op] !== undefined),
      dtypes: FLOAT_DTYPES,
      accuracy: 'webgpu',
      features: FEATURES,
      // WGSL lets a device flush subnormal numbers.
      promises: ['extremes', 'nonFinite', 'invariance'],
    };
    const scopes = new Scopes(device);
    this.#scopes = scopes;
    this.#loss = new Loss(device, owned);
    this.#work = new Work(device, this.#loss, scopes);
    const limits = hostLimitsOf(device);
    this.#largest = Math.min(limits.maxBufferSize, capabilities.limits.maxStorageBufferBindingSize);
    this.#buffers = new Buffers(device, this.#work, scopes, limits.maxBufferSize, maxPooledBytes);
    this.#readback = new Readback(this.#work, this.#buffers, scopes, this.#loss);
    this.#calls = new Calls(planners, capabilities, new Pipelines(device, scopes), this.#buffers, limits);
    this.#executor = new Executor(this.#work, this.#calls, new BindGroups(device, scopes), new Scratch(this.#buffers));
  }

  alloc(bytes: number): Block {
    this.#loss.check();
    return this.#buffers.alloc(bytes);
  }

  free(block: Block): void {
    this.#buffers.free(block);
  }

  write(block: Block, bytes: Uint8Array): void {
    this.#loss.check();
    // The queue's own writes come before what is not submitted yet.
    if (block.memory.batch === this.#work.batch) this.#work.submit();
    const whole = bytes.length - (bytes.length % 4);
    if (whole > 0) this.#upload(block, 0, bytes, whole);
    if (whole < bytes.length) {
      const rest = new Uint8Array(4);
      rest.set(bytes.subarray(whole));
      this.#upload(block, whole, rest, 4);
    }
    this.#work.noteUpload({ blocks: [block], inputs: 0, fault: null });
  }

  read(block: Block, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
    return this.#readback.read(block, into, signal);
  }

  adopt(handle: unknown, bytes: number, _dtype: DType): Block {
    this.#loss.check();
    return blockAt(this.#buffers, handle, bytes, this.#alignment);
  }

  handle({ memory }: Block): unknown {
    this.#work.submit();
    return memory.buffer;
  }

  forward(p: Problem, io: ForwardIO<Block>): void {
    this.#run('forward', p, io);
  }

  addForward(p: Problem, io: AddForwardIO<Block>): void {
    this.#run('addForward', p, io);
  }

  gatedForward(p: Problem & { readonly normBeforeGate: boolean }, io: GatedForwardIO<Block>): void {
    this.#run('gatedForward', p, io);
  }

  backward(p: Problem, io: BackwardIO<Block>): void {
    this.#run('backward', p, io);
  }

  sumSquares(p: Problem, io: SumSquaresIO<Block>): void {
    this.#run('sumSquares', p, io);
  }

  scaleBy(p: Problem & { readonly count: number }, io: ScaleByIO<Block>): void {
    this.#run('scaleBy', p, io);
  }

  forwardQuantized(p: Problem & { readonly scale: number | null }, io: ForwardQuantizedIO<Block>): void {
    this.#run('forwardQuantized', p, io);
  }

  hostForward(p: Problem, io: HostForwardIO): Promise<void> {
    return hostForward(this, p, io, this.#largest);
  }

  flush(): void {
    this.#loss.check();
    this.#work.submit();
  }

  async prepare(problems: readonly Problem[], uses: PreparedUses): Promise<void> {
    this.#loss.check();
    const compiled = problems.flatMap((p) => variantsOf(p, uses)).map((variant) => this.#calls.prepare(variant));
    await Promise.race([Promise.all(compiled), this.#loss.lost]);
  }

  /** @throws RMSNormError INVALID_OPTION, DEVICE_LOST, and what `fn` throws */
  record(encoder: GPUCommandEncoderLike, fn: () => void): void {
    if (tagOf(encoder) !== 'GPUCommandEncoder') {
      throw new RMSNormError('INVALID_OPTION', `record() takes a GPUCommandEncoder, got ${tagOf(encoder)}`);
    }
    this.#work.record(encoder, () => {
      const result: unknown = fn();
      if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
      throw new RMSNormError(
        'INVALID_OPTION',
        'the function of record() is async: what it enqueues after its first await would not be recorded',
      );
    });
  }

  async dispose(): Promise<void> {
    // Work on memory of the caller's still takes effect, and what is being read still arrives.
    this.#work.submit();
    await this.#readback.idle();
    this.#buffers.dispose();
    if (this.#owned) this.#device.destroy();
  }

  /** Of memory that the device could not make, the queue complains too: that is known already. */
  #upload(block: Block, offset: number, bytes: Uint8Array, length: number): void {
    const { buffer } = block.memory;
    this.#scopes.watch(
      'validation',
      () => this.#device.queue.writeBuffer(buffer as never, block.offset + offset, bytes as never, 0, length),
      (error) => {
        if (error) setTaint(block, deviceError(error, 'the device refused an upload'));
      },
    );
  }

  #run(op: keyof typeof OPERATIONS, p: Problem, io: object): void {
    this.#loss.check();
    this.#executor.run(OPERATIONS[op], p, io);
  }
}
