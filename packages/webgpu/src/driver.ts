import {
  type AbortSignalLike,
  type AddForwardIO,
  type BackwardIO,
  type Driver,
  type DType,
  type ForwardIO,
  type ForwardQuantizedIO,
  type GatedForwardIO,
  type HostForwardIO,
  type PreparedUses,
  type Problem,
  RMSNormError,
  reading,
  type ScaleByIO,
  type SumSquaresIO,
  type Supports,
  show,
  tagOf,
} from '@rmsnorm/core';
import type { GatedProblem, QuantizedProblem, ScaleByProblem } from '@rmsnorm/core/driver';
import { hostForward } from './apply/host-forward.ts';
import { deviceError, ErrorScopes } from './device/error-scopes.ts';
import { hostLimitsOf } from './device/limits.ts';
import { DeviceLoss } from './device/loss.ts';
import { BindGroups } from './execution/bind-groups.ts';
import { Executor } from './execution/executor.ts';
import { Pipelines } from './execution/pipelines.ts';
import { ReadyPlans } from './execution/ready-plans.ts';
import { variantsOf } from './execution/variants.ts';
import { WorkQueue } from './execution/work-queue.ts';
import type { GPUCommandEncoderLike } from './gpu-types.ts';
import { plan } from './kernels/index.ts';
import { blockAt } from './memory/adopt.ts';
import { type Block, setTaint } from './memory/block.ts';
import { Buffers } from './memory/buffers.ts';
import { Readback } from './memory/readback.ts';
import { Scratch } from './memory/scratch.ts';
import { writeInWords } from './memory/upload.ts';
import type { Capabilities, Planners } from './plan.ts';
import { SIGNATURES } from './signatures.ts';
import { supportsOf } from './supports.ts';

export interface DriverOptions {
  /** The adapter in words. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Whether the device is ours to destroy. */
  readonly owned: boolean;
  /** Where the device comes from. Node's Dawn crashes where that is collected before its devices: the driver keeps it. */
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
  readonly #device: GPUDevice;
  readonly #owned: boolean;
  readonly #alignment: number;
  readonly #largest: number;
  readonly #scopes: ErrorScopes;
  readonly #loss: DeviceLoss;
  readonly #work: WorkQueue;
  readonly #buffers: Buffers;
  readonly #readback: Readback;
  readonly #plans: ReadyPlans;
  readonly #executor: Executor;

  constructor(
    device: GPUDevice,
    { name, capabilities, owned, source, maxPooledBytes, planners = plan }: DriverOptions,
  ) {
    this.#device = device;
    this.#owned = owned;
    this.source = source;
    this.#alignment = capabilities.limits.minStorageBufferOffsetAlignment;
    this.device = `${name}, ${capabilities.subgroups ? 'subgroups' : 'no subgroups'}, ${capabilities.toFloat16 === 'f16' ? 'shader-f16' : 'no shader-f16'}`;
    this.supports = supportsOf(planners);
    const scopes = new ErrorScopes(device);
    this.#scopes = scopes;
    this.#loss = new DeviceLoss(device, owned);
    this.#work = new WorkQueue(device, this.#loss, scopes);
    const limits = hostLimitsOf(device);
    this.#largest = Math.min(limits.maxBufferSize, capabilities.limits.maxStorageBufferBindingSize);
    this.#buffers = new Buffers(device, this.#work, scopes, limits.maxBufferSize, maxPooledBytes);
    this.#readback = new Readback(this.#work, this.#buffers, scopes, this.#loss);
    this.#plans = new ReadyPlans(planners, capabilities, new Pipelines(device, scopes), this.#buffers, limits);
    this.#executor = new Executor(this.#work, this.#plans, new BindGroups(device, scopes), new Scratch(this.#buffers));
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
    // The queue writes before it runs what is not submitted yet.
    if (block.memory.batch === this.#work.batch) this.#work.submit();
    writeInWords(bytes, (offset, data, length) => this.#upload(block, offset, data, length));
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

  forward(problem: Problem, io: ForwardIO<Block>): void {
    this.#run('forward', problem, io);
  }

  addForward(problem: Problem, io: AddForwardIO<Block>): void {
    this.#run('addForward', problem, io);
  }

  gatedForward(problem: GatedProblem, io: GatedForwardIO<Block>): void {
    this.#run('gatedForward', problem, io);
  }

  backward(problem: Problem, io: BackwardIO<Block>): void {
    this.#run('backward', problem, io);
  }

  sumSquares(problem: Problem, io: SumSquaresIO<Block>): void {
    this.#run('sumSquares', problem, io);
  }

  scaleBy(problem: ScaleByProblem, io: ScaleByIO<Block>): void {
    this.#run('scaleBy', problem, io);
  }

  forwardQuantized(problem: QuantizedProblem, io: ForwardQuantizedIO<Block>): void {
    this.#run('forwardQuantized', problem, io);
  }

  hostForward(problem: Problem, io: HostForwardIO): Promise<void> {
    return hostForward(this, problem, io, this.#largest);
  }

  flush(): void {
    this.#loss.check();
    this.#work.submit();
  }

  async prepare(problems: readonly Problem[], uses: PreparedUses): Promise<void> {
    this.#loss.check();
    const compiled = problems
      .flatMap((problem) => variantsOf(problem, uses))
      .map((variant) => this.#plans.prepare(variant));
    await Promise.race([Promise.all(compiled), this.#loss.lost]);
  }

  /** @throws RMSNormError INVALID_OPTION, DEVICE_LOST, and what `fn` throws */
  record(encoder: GPUCommandEncoderLike, fn: () => void): void {
    if (tagOf(encoder) !== 'GPUCommandEncoder') {
      throw new RMSNormError('INVALID_OPTION', `record() takes a GPUCommandEncoder, got ${show(encoder)}`);
    }
    if (typeof fn !== 'function') {
      throw new RMSNormError('INVALID_OPTION', `record() takes a function, got ${show(fn)}`);
    }
    this.#work.record(encoder as GPUCommandEncoder, () => {
      const result: unknown = fn();
      const then = reading('what the function of record() gives', 'INVALID_OPTION', () => thenOf(result));
      if (typeof then !== 'function') return;
      // The caller does not get the promise: that it rejects is nobody's concern.
      Promise.resolve(result).catch(() => {});
      throw new RMSNormError(
        'INVALID_OPTION',
        'the function of record() is async: what it enqueues after its first await would not be recorded',
      );
    });
  }

  async dispose(): Promise<void> {
    // Work on the caller's memory still takes effect, and reads still arrive.
    this.#work.submit();
    await this.#readback.idle();
    this.#buffers.dispose();
    if (this.#owned) this.#device.destroy();
  }

  #upload(block: Block, offset: number, data: Uint8Array, length: number): void {
    const { buffer } = block.memory;
    this.#scopes.watch(
      'validation',
      () => this.#device.queue.writeBuffer(buffer, block.offset + offset, data, 0, length),
      (error) => {
        if (error) setTaint(block, deviceError(error, 'the device refused an upload'));
      },
    );
  }

  #run(op: keyof typeof SIGNATURES, problem: Problem, io: object): void {
    this.#loss.check();
    this.#executor.run(SIGNATURES[op], problem, io);
  }
}

function thenOf(value: unknown): unknown {
  return (value as { readonly then?: unknown } | null | undefined)?.then;
}
