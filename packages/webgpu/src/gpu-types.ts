// What users hand in and get, structurally: WebGPU's own types belong to lib.dom or to @webgpu/types, and users of this
// package need neither. Objects of both fit, and so do those of Node's `webgpu`, Deno and Bun. Inside this package they are
// what @webgpu/types says: see device/gpu.ts.

/** A `GPUBuffer`. */
export interface GPUBufferLike {
  readonly size: number;
  readonly usage: number;
  mapAsync(mode: number, offset?: number, size?: number): Promise<unknown>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): unknown;
  destroy(): unknown;
}

/** What `backend.wrap` takes beside a GPUBuffer: a part of one. */
export interface GPUBufferPart {
  readonly buffer: GPUBufferLike;
  /** Bytes from the buffer's start: a multiple of the device's minStorageBufferOffsetAlignment. Default 0. */
  readonly offset?: number;
  /** Bytes; default all from `offset` on. */
  readonly size?: number;
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
