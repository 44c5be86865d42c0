import type { RMSNormError } from '@rmsnorm/core';
import { deviceError, type ErrorScopes } from '../device/error-scopes.ts';
import { COMPUTE_STAGE } from '../device/gpu.ts';
import type { Binding, Shader } from '../plan.ts';

/** A shader with its bindings, compiled or not yet. */
export interface Pipeline {
  readonly shader: Shader;
  readonly layout: BindingLayout;
  /** Null until it is there. */
  compiled: GPUComputePipeline | null;
  /** While it is compiled beside other work. */
  compiling: Promise<void> | null;
  fault: RMSNormError | null;
}

export interface BindingLayout {
  readonly bindings: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

/**
 * Pipelines by shader, compiled once for each device. Their layouts are explicit: layout 'auto' would leave out a binding
 * that a shader does not use.
 */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #scopes: ErrorScopes;
  readonly #layouts = new Map<string, BindingLayout>();
  readonly #pipelines = new Map<string, Pipeline>();

  constructor(device: GPUDevice, scopes: ErrorScopes) {
    this.#device = device;
    this.#scopes = scopes;
  }

  /** How many there are. */
  get count(): number {
    return this.#pipelines.size;
  }

  /** The pipeline, which may still have to be compiled. */
  get(shader: Shader, bindings: readonly Binding[], uniforms: boolean): Pipeline {
    const kinds = bindings.map(({ access }) => (access === 'read' ? 'r' : 'w')).join('') + (uniforms ? 'u' : '');
    const key = `${kinds} ${shader.key}`;
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = { shader, layout: this.#layout(kinds), compiled: null, compiling: null, fault: null };
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Compiles at once, if that was not done; an error shows in `pipeline.fault`, later. */
  compile(pipeline: Pipeline): GPUComputePipeline {
    pipeline.compiled ??= this.#scopes.watch(
      'validation',
      () => this.#device.createComputePipeline(this.#descriptor(pipeline)),
      (error) => {
        if (error) pipeline.fault ??= compileError(error, pipeline);
      },
    );
    return pipeline.compiled;
  }

  /** Compiles without holding up the device or this thread. @throws RMSNormError DEVICE_ERROR */
  compileAsync(pipeline: Pipeline): Promise<void> {
    if (pipeline.compiled !== null) return Promise.resolve();
    // Many calls have a shader in common.
    pipeline.compiling ??= this.#compileAsync(pipeline).finally(() => {
      pipeline.compiling = null;
    });
    return pipeline.compiling;
  }

  async #compileAsync(pipeline: Pipeline): Promise<void> {
    try {
      const compiled = await this.#device.createComputePipelineAsync(this.#descriptor(pipeline));
      pipeline.compiled ??= compiled;
    } catch (cause) {
      await this.#scopes.settled;
      throw pipeline.fault ?? compileError(cause as Error, pipeline);
    }
  }

  #descriptor(pipeline: Pipeline): GPUComputePipelineDescriptor {
    const { code, constants, key } = pipeline.shader;
    const module = this.#scopes.watch(
      'validation',
      () => this.#device.createShaderModule({ code: code() }),
      (error) => {
        if (error) pipeline.fault ??= compileError(error, pipeline);
      },
    );
    const compute = { module, entryPoint: 'main', ...(constants && { constants }) };
    return { label: key, layout: pipeline.layout.pipeline, compute };
  }

  #layout(kinds: string): BindingLayout {
    let layout = this.#layouts.get(kinds);
    if (layout === undefined) {
      const entries = [...kinds].map((kind, binding) => ({
        binding,
        visibility: COMPUTE_STAGE,
        buffer: { type: TYPES[kind as keyof typeof TYPES] },
      }));
      const bindings = this.#device.createBindGroupLayout({ entries });
      layout = { bindings, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [bindings] }) };
      this.#layouts.set(kinds, layout);
    }
    return layout;
  }
}

/** The types of bindings, by the letters of their kinds. */
const TYPES = { r: 'read-only-storage', w: 'storage', u: 'uniform' } as const;

function compileError(error: { readonly message: string }, { shader }: Pipeline): RMSNormError {
  return deviceError(error, `shader ${shader.key} does not compile on this device`);
}
