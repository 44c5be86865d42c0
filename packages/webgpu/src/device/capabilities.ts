import type { Capabilities } from '../plan.ts';
import { toFloat16On } from './float16-check.ts';

// Sizes of subgroups that the standard allows, for browsers that do not tell their own.
const LEAST_SUBGROUP = 4;
const MOST_SUBGROUP = 128;

export interface Switches {
  readonly subgroups: boolean;
  readonly f16: boolean;
}

/** What kernels may use: what the device has, and the options do not switch off. */
export async function capabilitiesOf(device: GPUDevice, switches: Switches): Promise<Capabilities> {
  const { limits } = device;
  // Newer than most of WebGPU: not there in every browser.
  const info: Partial<GPUAdapterInfo> = device.adapterInfo ?? {};
  const subgroups = switches.subgroups && device.features.has('subgroups');
  return {
    subgroups: subgroups
      ? { least: info.subgroupMinSize || LEAST_SUBGROUP, most: info.subgroupMaxSize || MOST_SUBGROUP }
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
