import {
  type Backend,
  createBackend,
  type Driver,
  FEATURES,
  FLOAT_DTYPES,
  type Op,
  type Supports,
} from '@rmsnorm/core';
import { create, globals } from 'webgpu';
import { plan as planners } from '../../src/kernels/index.ts';
import type { Capabilities, Plan } from '../../src/plan.ts';

Object.assign(globalThis, globals);

// Dawn's instance lives only as long as this object does.
const GPU_OF_DAWN = create([]);

/** The plainest host that carries plans out: every call is a submit. For tests of the kernels alone. */
export async function plainBackend(
  changed: Omit<Partial<Capabilities>, 'limits'> & { readonly limits?: Partial<Capabilities['limits']> } = {},
): Promise<Backend & { readonly plain: PlainDriver }> {
  const adapter = await GPU_OF_DAWN.requestAdapter();
  if (!adapter) throw new Error('no adapter: is VK_ICD_FILENAMES set?');
  const device = await adapter.requestDevice({
    requiredFeatures: ['subgroups', 'timestamp-query'] as GPUFeatureName[],
    requiredLimits: {
      maxStorageBufferBindingSize: 2 ** 30,
      maxBufferSize: 2 ** 30,
      maxStorageBuffersPerShaderStage: 8,
    },
  });
  const info = adapter.info as GPUAdapterInfo & { subgroupMinSize: number; subgroupMaxSize: number };
  const { limits } = device;
  const capabilities: Capabilities = {
    subgroups: { least: info.subgroupMinSize, most: info.subgroupMaxSize },
    toFloat16: 'bits',
    ...changed,
    limits: {
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
      ...changed.limits,
    },
  };
  const driver = new PlainDriver(device, capabilities);
  return Object.assign(createBackend(driver), { plain: driver });
}

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM, MAP_READ } = GPUBufferUsage;

type Buffers = Readonly<Record<string, GPUBuffer | null>>;

export class PlainDriver implements Driver<GPUBuffer> {
  readonly name = 'webgpu';
  readonly device = 'plain';
  readonly supports: Supports = {
    ops: Object.keys(planners) as Op[],
    dtypes: FLOAT_DTYPES,
    accuracy: 'webgpu',
    features: FEATURES,
    promises: ['extremes', 'nonFinite', 'invariance'],
  };
  readonly pipelines: Map<string, GPUComputePipeline> = new Map();
  readonly gpu: GPUDevice;
  readonly capabilities: Capabilities;
  lastPlan: Plan | null = null;
  error: Error | null = null;

  constructor(gpu: GPUDevice, capabilities: Capabilities) {
    this.gpu = gpu;
    this.capabilities = capabilities;
    gpu.addEventListener('uncapturederror', (event) => {
      this.error ??= new Error((event as GPUUncapturedErrorEvent).error.message);
    });
  }

  alloc(bytes: number): GPUBuffer {
    return this.gpu.createBuffer({ size: bytes, usage: STORAGE | COPY_SRC | COPY_DST });
  }

  free(buffer: GPUBuffer): void {
    buffer.destroy();
  }

  write(buffer: GPUBuffer, bytes: Uint8Array): void {
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    this.gpu.queue.writeBuffer(buffer, 0, padded);
  }

  async read(buffer: GPUBuffer, into: Uint8Array): Promise<void> {
    const size = Math.ceil(into.length / 4) * 4;
    const staging = this.gpu.createBuffer({ size, usage: MAP_READ | COPY_DST });
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    this.gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    into.set(new Uint8Array(staging.getMappedRange()).subarray(0, into.length));
    staging.destroy();
    if (this.error) throw this.error;
  }

  run(plan: Plan, io: Buffers): void {
    this.lastPlan = plan;
    const scratch = Object.fromEntries(
      plan.scratch.map(({ name, bytes }) => [name, this.alloc(Math.ceil(bytes / 4) * 4)]),
    );
    const encoder = this.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const temporary: GPUBuffer[] = Object.values(scratch);
    for (const { shader, bindings, uniforms, workgroups } of plan.dispatches) {
      const pipeline = this.pipeline(shader);
      const entries = bindings.map(({ buffer, offset = 0, size }, binding): GPUBindGroupEntry => {
        const resource = scratch[buffer] ?? io[buffer]!;
        return { binding, resource: { buffer: resource, offset, ...(size && { size }) } };
      });
      if (uniforms) {
        const uniform = this.gpu.createBuffer({ size: uniforms.byteLength, usage: UNIFORM | COPY_DST });
        this.gpu.queue.writeBuffer(uniform, 0, uniforms);
        temporary.push(uniform);
        entries.push({ binding: bindings.length, resource: { buffer: uniform } });
      }
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
    this.gpu.queue.submit([encoder.finish()]);
    for (const buffer of temporary) buffer.destroy();
  }

  pipeline({ key, code, constants }: Plan['dispatches'][number]['shader']): GPUComputePipeline {
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      const text = code();
      const module = this.gpu.createShaderModule({ code: text });
      void module.getCompilationInfo().then(({ messages }) => {
        for (const { type, lineNum, message } of messages) {
          if (type !== 'error') continue;
          const line = text.split('\n')[lineNum - 1];
          console.error(`${key}\n  ${lineNum}: ${line}\n  ${message}`);
        }
      });
      pipeline = this.gpu.createComputePipeline({
        layout: 'auto',
        compute: { module, entryPoint: 'main', ...(constants && { constants }) },
      });
      this.pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  #call(op: keyof typeof planners, p: never, io: Buffers): void {
    const names = Object.keys(io).filter((name) => io[name]);
    const present = new Set(names);
    const inPlace: Record<string, string> = {};
    for (const output of ['y', 'sum', 'dx']) {
      const input = names.find(
        (name) => name !== output && !['y', 'sum', 'dx'].includes(name) && io[name] === io[output],
      );
      if (present.has(output) && input) inPlace[output] = input;
    }
    this.run(planners[op](p, { present, inPlace, writable: new Set() }, this.capabilities), io);
  }

  forward = (p: unknown, io: object): void => this.#call('forward', p as never, io as Buffers);
  addForward = (p: unknown, io: object): void => this.#call('addForward', p as never, io as Buffers);
  gatedForward = (p: unknown, io: object): void => this.#call('gatedForward', p as never, io as Buffers);
  backward = (p: unknown, io: object): void => this.#call('backward' as never, p as never, io as Buffers);
  sumSquares = (p: unknown, io: object): void => this.#call('sumSquares' as never, p as never, io as Buffers);
  scaleBy = (p: unknown, io: object): void => this.#call('scaleBy' as never, p as never, io as Buffers);
  forwardQuantized = (p: unknown, io: object): void =>
    this.#call('forwardQuantized' as never, p as never, io as Buffers);

  dispose(): void {
    this.gpu.destroy();
  }
}
