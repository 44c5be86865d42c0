import type { RMSNormError } from '@rmsnorm/core';
import { deviceError, type Scopes } from '../device/error-scopes.ts';
import type { GPUDeviceLike, GPUErrorLike, GPUObject } from '../device/gpu.ts';
import type { Binding, Shader } from '../plan.ts';

const COMPUTE_STAGE = 4;

/** A shader with its bindings, compiled or not yet. */
export interface Pipeline {
  readonly shader: Shader;
  readonly layout: Layout;
  /** Null until it is there. */
  compiled: GPUObject | null;
  /** While it is compiled beside other work. */
  compiling: Promise<void> | null;
  fault: RMSNormError | null;
}

export interface Layout {
  readonly bindings: GPUObject;
  readonly pipeline: GPUObject;
}

/**
 * Pipelines by shader, compiled once for each device. Layouts are spelled out: one that the shader implies lacks what
 * a variant does not use.
 */
export class Pipelines {
  readonly #device: GPUDeviceLike;
  readonly #scopes: Scopes;
  readonly #layouts = new Map<string, Layout>();
  readonly #pipelines = new Map<string, Pipeline>();

  constructor(device: GPUDeviceLike, scopes: Scopes) {
    this.#device = device;
    this.#scopes = scopes;
  }

  /** How many there are. */
  get count(): number {
    return this.#pipelines.size;
  }

  /** The pipeline, which may still have to be compiled. */
  get(shader: Shader, bindings: readonly Binding[], uniforms: boolean): Pipeline {
    const signature = bindings.map(({ access }) => (access === 'read' ? 'r' : 'w')).join('') + (uniforms ? 'u' : '');
    const key = `${signature} ${shader.key}`;
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = { shader, layout: this.#layout(signature), compiled: null, compiling: null, fault: null };
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Compiles at once, if it is not there; trouble shows in `pipeline.fault`, later. */
  compile(pipeline: Pipeline): GPUObject {
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

  #descriptor(pipeline: Pipeline): never {
    const { code, constants, key } = pipeline.shader;
    const module = this.#scopes.watch(
      'validation',
      () => this.#device.createShaderModule({ code: code() }),
      (error) => {
        if (error) pipeline.fault ??= compileError(error, pipeline);
      },
    );
    const compute = { module, entryPoint: 'main', ...(constants && { constants }) };
    return { label: key, layout: pipeline.layout.pipeline, compute } as never;
  }

  #layout(signature: string): Layout {
    let layout = this.#layouts.get(signature);
    if (layout === undefined) {
      const types = { r: 'read-only-storage', w: 'storage', u: 'uniform' };
      const entries = [...signature].map((kind, binding) => ({
        binding,
        visibility: COMPUTE_STAGE,
        buffer: { type: types[kind as 'r' | 'w' | 'u'] },
      }));
      const bindings = this.#device.createBindGroupLayout({ entries } as never);
      const pipeline = this.#device.createPipelineLayout({ bindGroupLayouts: [bindings] } as never);
      layout = { bindings, pipeline };
      this.#layouts.set(signature, layout);
    }
    return layout;
  }
}

function compileError(error: GPUErrorLike, { shader }: Pipeline): RMSNormError {
  return deviceError(error, `shader ${shader.key} does not compile on this device`);
}
