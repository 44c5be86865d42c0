import { type Form, keysOf, RMSNormError, reading, readKeys, show } from '@rmsnorm/core';
import type { GPUAdapterLike, GPUDeviceLike, GPULike } from './gpu-types.ts';

export interface WebGPUOptions {
  /** Where adapters come from; `navigator.gpu` unless given. In Node: `create([])` of the npm package `webgpu`. */
  readonly gpu?: GPULike | undefined;
  /** The adapter to ask for a device. It gives one: for a second backend ask for another adapter, or hand in `gpu`. */
  readonly adapter?: GPUAdapterLike | undefined;
  /**
   * The device to work on, which stays the caller's: it is never destroyed here. In Node give `gpu` too, which Dawn
   * lives in: the backend then keeps it.
   */
  readonly device?: GPUDeviceLike | undefined;
  /**
   * Whether an adapter that computes on the CPU will do (SwiftShader, llvmpipe, WARP), true unless given: it
   * works, and is slower than WebAssembly. With false the reason is NO_ADAPTER.
   */
  readonly software?: boolean | undefined;
  /** Which of several GPUs, where `adapter` and `device` are not given. */
  readonly powerPreference?: 'low-power' | 'high-performance' | undefined;
  /** Whether kernels use subgroups where the device has them; true unless given. */
  readonly subgroups?: boolean | undefined;
  /** Whether kernels use the device's own conversions to float16 where they are exact; true unless given. */
  readonly f16?: boolean | undefined;
  /** How many bytes of freed buffers are kept for the next tensors; 256 MiB unless given. */
  readonly maxPooledBytes?: number | undefined;
}

const FORM: Form = {
  name: "webgpu()'s options",
  keys: keysOf<WebGPUOptions>({
    gpu: true,
    adapter: true,
    device: true,
    software: true,
    powerPreference: true,
    subgroups: true,
    f16: true,
    maxPooledBytes: true,
  }),
};

const METHODS = { gpu: 'requestAdapter', adapter: 'requestDevice', device: 'createComputePipeline' } as const;
const SWITCHES = ['software', 'subgroups', 'f16'] as const;

/** As {@link WebGPUOptions}, with what is there unless given. */
export type CheckedOptions = WebGPUOptions &
  Required<Record<(typeof SWITCHES)[number], boolean>> & { readonly maxPooledBytes: number };

/**
 * A copy of the options, checked.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkedOptions(given: WebGPUOptions): CheckedOptions {
  const options = readKeys(given, FORM);
  for (const [name, method] of Object.entries(METHODS)) {
    const value = options[name as keyof typeof METHODS] as Record<string, unknown> | undefined;
    if (value !== undefined && !reading(name, 'INVALID_OPTION', () => typeof value[method] === 'function')) {
      throw invalid(`${name} must be a ${typeOf[name as keyof typeof METHODS]}, got ${show(value)}`);
    }
  }
  for (const name of SWITCHES) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw invalid(`${name} is true or false, got ${show(value)}`);
  }
  const { powerPreference, maxPooledBytes = 256 * 2 ** 20 } = options;
  if (powerPreference !== undefined && !['low-power', 'high-performance'].includes(powerPreference)) {
    throw invalid(`powerPreference is 'low-power' or 'high-performance', got ${show(powerPreference)}`);
  }
  if (!(Number.isSafeInteger(maxPooledBytes) && maxPooledBytes >= 0)) {
    throw invalid(`maxPooledBytes must be an integer from 0 on, got ${show(maxPooledBytes)}`);
  }
  const { software = true, subgroups = true, f16 = true } = options;
  return { ...options, software, subgroups, f16, maxPooledBytes };
}

const typeOf = {
  gpu: "GPU (navigator.gpu, or create([]) of npm's webgpu)",
  adapter: 'GPUAdapter (await gpu.requestAdapter())',
  device: 'GPUDevice (await adapter.requestDevice())',
} as const;

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
