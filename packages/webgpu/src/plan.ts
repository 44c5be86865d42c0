import type { Op } from '@rmsnorm/core';
import type { OperationProblem } from '@rmsnorm/core/driver';

/**
 * What stands between the two halves of this package: `kernels/` turns a problem into plans, pure data, and the host
 * half (device, buffers, pipelines, queue) carries plans out and knows no mathematics.
 */

/**
 * How numbers become float16: by shader-f16, by WGSL's pack2x16float, or by operations on bits. WGSL leaves the rounding
 * of the first two to the device, and what they make of numbers beyond float16: they are used where they were seen to be
 * right.
 */
export type ToFloat16 = 'f16' | 'pack' | 'bits';

/** What kernels may use of the device. */
export interface Capabilities {
  /** 'subgroups', where the device has it and it is not switched off; of any size between the two. */
  readonly subgroups: { readonly least: number; readonly most: number } | null;
  readonly toFloat16: ToFloat16;
  readonly limits: {
    readonly maxComputeWorkgroupsPerDimension: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupSizeX: number;
    readonly maxComputeWorkgroupStorageSize: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxStorageBuffersPerShaderStage: number;
    readonly minStorageBufferOffsetAlignment: number;
  };
}

/** Which buffers a call has, by the names that core's driver interface gives them (x, gamma, y, rstd, dgamma, ...). */
export interface Operands {
  readonly present: ReadonlySet<string>;
  /** Outputs that are the very memory of an input, as `{ y: 'x' }`: the plan binds the input's name only, for writing. */
  readonly inPlace: Readonly<Record<string, string>>;
  /**
   * Inputs that lie in the same GPUBuffer as some output, elsewhere in it: WebGPU refuses one buffer as `read` and as
   * `read_write` in a dispatch, so that these have to be bound `read_write`, though nothing writes them.
   */
  readonly writable: ReadonlySet<string>;
}

export interface Shader {
  /** Names the variant: two shaders of one key have the same code and constants. */
  readonly key: string;
  /** The WGSL; its entry point is `main`. Asked for when the pipeline is compiled. */
  readonly code: () => string;
  /** Override constants by name. */
  readonly constants?: Readonly<Record<string, number>>;
}

export interface Binding {
  /** An operand, or a scratch buffer of the plan. */
  readonly buffer: string;
  readonly access: 'read' | 'read_write';
  /** Bytes from the operand's start, a multiple of minStorageBufferOffsetAlignment; default 0. */
  readonly offset?: number;
  /** Bytes, a multiple of 4; default all of the operand from `offset` on, rounded up to 4. */
  readonly size?: number;
}

export interface Dispatch {
  readonly shader: Shader;
  /** `@group(0) @binding(i)` each. */
  readonly bindings: readonly Binding[];
  /** The contents of `var<uniform>` at `@group(0) @binding(bindings.length)`; null where the shader has none. */
  readonly uniforms: ArrayBuffer | null;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** One call of an operation. Dispatches run in their order, each sees what the one before wrote. */
export interface Plan {
  /** Storage between the dispatches, contents unspecified at first. */
  readonly scratch: readonly { readonly name: string; readonly bytes: number }[];
  readonly dispatches: readonly Dispatch[];
}

/**
 * Plans one call; pure, so that plans can be kept.
 * @throws RMSNormError UNSUPPORTED, with the limit's name, where the device is too small for the problem
 */
export type Planner<P> = (problem: P, operands: Operands, capabilities: Capabilities) => Plan;

/** The planners by the names of core's driver interface; the kernels have all. */
export type Planners = { readonly [O in Op]?: Planner<OperationProblem[O]> };
