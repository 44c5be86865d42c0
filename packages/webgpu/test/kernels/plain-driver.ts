import {
  type AddForwardIO,
  type Backend,
  type BackwardIO,
  createBackend,
  type Driver,
  type ForwardIO,
  type ForwardQuantizedIO,
  type GatedForwardIO,
  type Problem,
  type ScaleByIO,
  type SumSquaresIO,
  type Supports,
} from '@rmsnorm/core';
import type { GatedProblem, QuantizedProblem, ScaleByProblem } from '@rmsnorm/core/driver';
import { create, globals } from 'webgpu';
import { capabilitiesOf } from '../../src/device/capabilities.ts';
import { plan as planners } from '../../src/kernels/index.ts';
import type { Capabilities, Plan, Planner } from '../../src/plan.ts';
import { supportsOf } from '../../src/supports.ts';

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
    requiredFeatures: ['subgroups', 'timestamp-query'],
    requiredLimits: {
      maxStorageBufferBindingSize: 2 ** 30,
      maxBufferSize: 2 ** 30,
      maxStorageBuffersPerShaderStage: 8,
    },
  });
  const found = await capabilitiesOf(device, { subgroups: true, f16: false });
  const capabilities = { ...found, ...changed, limits: { ...found.limits, ...changed.limits } };
  const driver = new PlainDriver(device, capabilities);
  return Object.assign(createBackend(driver), { plain: driver });
}

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM, MAP_READ } = GPUBufferUsage;

type Buffers = Readonly<Record<string, GPUBuffer | null>>;

export class PlainDriver implements Driver<GPUBuffer> {
  readonly name = 'webgpu';
  readonly device = 'plain';
  readonly supports: Supports = supportsOf(planners);
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

  forward(problem: Problem, io: ForwardIO<GPUBuffer>): void {
    this.#call(planners.forward, problem, { ...io });
  }

  addForward(problem: Problem, io: AddForwardIO<GPUBuffer>): void {
    this.#call(planners.addForward, problem, { ...io });
  }

  gatedForward(problem: GatedProblem, io: GatedForwardIO<GPUBuffer>): void {
    this.#call(planners.gatedForward, problem, { ...io });
  }

  backward(problem: Problem, io: BackwardIO<GPUBuffer>): void {
    this.#call(planners.backward, problem, { ...io });
  }

  sumSquares(problem: Problem, io: SumSquaresIO<GPUBuffer>): void {
    this.#call(planners.sumSquares, problem, { ...io });
  }

  scaleBy(problem: ScaleByProblem, io: ScaleByIO<GPUBuffer>): void {
    this.#call(planners.scaleBy, problem, { ...io });
  }

  forwardQuantized(problem: QuantizedProblem, io: ForwardQuantizedIO<GPUBuffer>): void {
    this.#call(planners.forwardQuantized, problem, { ...io });
  }

  #call<P>(planner: Planner<P>, problem: P, io: Buffers): void {
    const names = Object.keys(io).filter((name) => io[name]);
    const present = new Set(names);
    const inPlace: Record<string, string> = {};
    for (const output of ['y', 'sum', 'dx']) {
      const input = names.find(
        (name) => name !== output && !['y', 'sum', 'dx'].includes(name) && io[name] === io[output],
      );
      if (present.has(output) && input) inPlace[output] = input;
    }
    this.run(planner(problem, { present, inPlace, writable: new Set() }, this.capabilities), io);
  }

  dispose(): void {
    this.gpu.destroy();
  }
}
