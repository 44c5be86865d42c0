// The part of WebGPU that is used here, structurally: its types belong to lib.dom or to @webgpu/types, and this package
// needs neither. Objects of both fit, and so do those of Node's `webgpu`, Deno and Bun.

/** A `GPUBuffer`. */
export interface GPUBufferLike {
  readonly size: number;
  readonly usage: number;
  mapAsync(mode: number, offset?: number, size?: number): Promise<unknown>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): unknown;
  destroy(): unknown;
}

/** A `GPUBindGroup`, a `GPUShaderModule` and the like: handed back to the device, never looked into. */
export type GPUObject = object;

export interface GPUComputePassLike {
  setPipeline(pipeline: never): unknown;
  setBindGroup(index: number, bindGroup: never): unknown;
  dispatchWorkgroups(x: number, y?: number, z?: number): unknown;
  end(): unknown;
}

/** A `GPUCommandEncoder`. */
export interface GPUCommandEncoderLike {
  beginComputePass(descriptor?: never): GPUComputePassLike;
  copyBufferToBuffer(
    source: never,
    sourceOffset: number,
    destination: never,
    destinationOffset: number,
    size: number,
  ): unknown;
  finish(): GPUObject;
}

export interface GPUQueueLike {
  submit(commands: never): unknown;
  writeBuffer(buffer: never, offset: number, data: never, dataOffset?: number, size?: number): unknown;
}

/** A `GPUAdapterInfo`; browsers differ in what they tell. */
export interface GPUAdapterInfoLike {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
}

export interface GPUErrorLike {
  readonly message: string;
}

export interface GPUDeviceLostInfoLike {
  readonly reason?: string;
  readonly message: string;
}

/** A `GPUDevice`. */
export interface GPUDeviceLike {
  readonly features: { has(name: string): boolean };
  readonly limits: object;
  readonly queue: GPUQueueLike;
  readonly lost: Promise<GPUDeviceLostInfoLike>;
  /** Newer than most of WebGPU: not there in every browser. */
  readonly adapterInfo?: GPUAdapterInfoLike;
  createBuffer(descriptor: { size: number; usage: number; mappedAtCreation?: boolean }): GPUBufferLike;
  createShaderModule(descriptor: { code: string }): GPUObject;
  createBindGroupLayout(descriptor: never): GPUObject;
  createPipelineLayout(descriptor: never): GPUObject;
  createComputePipeline(descriptor: never): GPUObject;
  createComputePipelineAsync(descriptor: never): Promise<GPUObject>;
  createBindGroup(descriptor: never): GPUObject;
  createCommandEncoder(descriptor?: never): GPUCommandEncoderLike;
  pushErrorScope(filter: 'validation' | 'out-of-memory' | 'internal'): unknown;
  popErrorScope(): Promise<GPUErrorLike | null>;
  destroy(): unknown;
}

/** A `GPUAdapter`. */
export interface GPUAdapterLike {
  readonly features: { has(name: string): boolean };
  readonly limits: object;
  readonly info?: GPUAdapterInfoLike;
  /** Where it stood before it moved to `info`. */
  readonly isFallbackAdapter?: boolean;
  requestDevice(descriptor?: never): Promise<GPUDeviceLike>;
}

/** A `GPU`: `navigator.gpu`, or what `create([])` of npm's `webgpu` returns. */
export interface GPULike {
  requestAdapter(options?: { powerPreference?: 'low-power' | 'high-performance' }): Promise<GPUAdapterLike | null>;
}

/** `GPUBufferUsage`, `GPUMapMode`: their values are part of the standard; as globals they are missing in Node. */
export const USAGE: Readonly<Record<'MAP_READ' | 'COPY_SRC' | 'COPY_DST' | 'UNIFORM' | 'STORAGE', number>> = {
  MAP_READ: 0x01,
  COPY_SRC: 0x04,
  COPY_DST: 0x08,
  UNIFORM: 0x40,
  STORAGE: 0x80,
};
export const MAP_READ = 1;

/** What an object is, by name and not by instanceof: it may come from another realm, or from Node's `webgpu`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** The environment's own WebGPU, in pages, workers, Deno and Bun. */
export function navigatorGPU(): GPULike | undefined {
  return (globalThis as { navigator?: { gpu?: GPULike } }).navigator?.gpu;
}
