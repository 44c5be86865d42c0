import { messageOf, RMSNormError } from '@rmsnorm/core';

/** What makes kernels faster, where the adapter has it; timestamp-query is for those who measure. */
const FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

/** Limits whose default is lower than what most adapters can. */
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
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    // An older browser may not know a limit.
    const requiredLimits = Object.fromEntries(
      LIMITS.filter((name) => adapter.limits[name] !== undefined).map((name) => [name, adapter.limits[name]]),
    );
    const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
    return await adapter.requestDevice({ label: '@rmsnorm/webgpu', requiredFeatures, requiredLimits });
  } catch (cause) {
    const message = messageOf(cause).trim().split('\n')[0];
    throw new RMSNormError(
      'DEVICE_ERROR',
      `the adapter gave no device (${message}): an adapter gives one only; hand in gpu, or the device itself`,
      { cause },
    );
  }
}
