import type { Capabilities } from '../plan.ts';
import { toFloat16On } from './float16-check.ts';
import type { GPUAdapterInfoLike, GPUDeviceLike } from './gpu.ts';

// What the standard promises, where a browser does not tell.
const LEAST_SUBGROUP = 4;
const MOST_SUBGROUP = 128;

export interface Switches {
  readonly subgroups: boolean;
  readonly f16: boolean;
}

/** What kernels may use of a device, and are not forbidden to. */
export async function capabilitiesOf(
  device: GPUDeviceLike,
  info: GPUAdapterInfoLike | undefined,
  switches: Switches,
): Promise<Capabilities> {
  const subgroups = switches.subgroups && device.features.has('subgroups');
  const limits = device.limits as Capabilities['limits'];
  return {
    subgroups: subgroups
      ? { least: info?.subgroupMinSize || LEAST_SUBGROUP, most: info?.subgroupMaxSize || MOST_SUBGROUP }
      : null,
    toFloat16: switches.f16 ? await toFloat16On(device) : 'bits',
    // Limits are getters of a prototype: read once, as plain numbers.
    limits: {
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
    },
  };
}
