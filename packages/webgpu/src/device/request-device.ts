import { RMSNormError } from '@rmsnorm/core';
import type { GPUAdapterLike, GPUDeviceLike } from './gpu.ts';

/** What makes kernels faster, where there is it; timestamp-query is for those who measure. */
const FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

/** What the default of the standard would cut below what the adapter can. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * A device of our own with all that kernels can use.
 * @throws RMSNormError DEVICE_ERROR
 */
export async function requestDevice(adapter: GPUAdapterLike): Promise<GPUDeviceLike> {
  const limits = adapter.limits as Readonly<Record<string, number | undefined>>;
  const requiredLimits = Object.fromEntries(
    LIMITS.filter((name) => limits[name] !== undefined).map((name) => [name, limits[name]!]),
  );
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
  try {
    return await adapter.requestDevice({ label: '@rmsnorm/webgpu', requiredFeatures, requiredLimits } as never);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.trim().split('\n')[0] : String(cause);
    throw new RMSNormError(
      'DEVICE_ERROR',
      `the adapter gave no device (${message}): an adapter gives one only; hand in gpu, or the device itself`,
      { cause },
    );
  }
}
