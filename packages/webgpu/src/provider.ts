import {
  type BackendProvider,
  createBackend,
  type DType,
  messageOf,
  RMSNormError,
  refuseMore,
  type SignalOptions,
  signalOf,
  throwIfAborted,
} from '@rmsnorm/core';
import { findAdapter, isSoftware, nameOf, onlySoftware, type Refusal } from './device/adapter.ts';
import { capabilitiesOf } from './device/capabilities.ts';
import { adapterOf, deviceOf } from './device/gpu.ts';
import { lossOf, lostError } from './device/loss.ts';
import { requestDevice } from './device/request-device.ts';
import { WebGPUDriver } from './driver.ts';
import type { GPUCommandEncoderLike } from './gpu-types.ts';
import type { Block } from './memory/block.ts';
import { type CheckedOptions, checkedOptions, type WebGPUOptions } from './options.ts';
import type { Capabilities } from './plan.ts';
import type { WebGPUBackend, WebGPUTensor } from './tensor.ts';

export interface WebGPUProvider extends BackendProvider<WebGPUBackend> {}

/**
 * The WebGPU backend: pages and workers, Deno, Bun, and Node with the npm package `webgpu`.
 *
 *     const backend = await webgpu().create();
 *
 * @throws RMSNormError INVALID_OPTION
 */
export function webgpu(options: WebGPUOptions = {}): WebGPUProvider {
  if (arguments.length > 1) refuseMore(arguments, 1, 'webgpu({ gpu, adapter, device, ... })');
  const checked = checkedOptions(options);
  return {
    name: 'webgpu',
    apiVersion: 1,
    probe: async () => {
      const found = await find(checked);
      return 'code' in found ? { ok: false, ...found } : { ok: true, device: found.name };
    },
    async create(given?: SignalOptions): Promise<WebGPUBackend> {
      if (arguments.length > 1) refuseMore(arguments, 1, 'create({ signal })');
      const signal = signalOf(given, "create()'s options");
      throwIfAborted(signal);
      const found = await find(checked);
      throwIfAborted(signal);
      if ('code' in found) throw new RMSNormError(found.code, [found.reason, found.hint].filter(Boolean).join(': '));
      const device = await found.device();
      try {
        throwIfAborted(signal);
        const capabilities = await capabilitiesOf(device, checked);
        throwIfAborted(signal);
        return backendOn(device, checked, found.name, capabilities);
      } catch (error) {
        if (checked.device === undefined) device.destroy();
        throw error;
      }
    },
  };
}

interface Found {
  readonly name: string;
  device(): Promise<GPUDevice>;
}

/** Never rejects. */
async function find(options: CheckedOptions): Promise<Found | Refusal> {
  try {
    return await lookFor(options);
  } catch (error) {
    // What was handed in, or stands in for WebGPU here, may lack parts of it.
    return { code: 'DEVICE_ERROR', reason: `looking for a device failed (${messageOf(error)})` };
  }
}

async function lookFor(options: CheckedOptions): Promise<Found | Refusal> {
  const { software } = options;
  if (options.device !== undefined) {
    const device = deviceOf(options.device);
    const lost = await lossOf(device);
    if (lost !== null) return refusalOf(lostError(lost, false));
    if (typeof device.features?.has !== 'function' || typeof device.limits !== 'object') {
      throw new TypeError('the device has no features or limits');
    }
    if (!software && isSoftware({ info: device.adapterInfo ?? {} })) return onlySoftware(device.adapterInfo);
    return { name: nameOf(device.adapterInfo), device: async () => device };
  }
  const adapter = await findAdapter(options);
  if ('code' in adapter) return adapter;
  return { name: nameOf(adapter.info), device: () => requestDevice(adapterOf(adapter)) };
}

function refusalOf({ code, message }: RMSNormError): Refusal {
  // What the device says may have any text in it; the hint has no '): '.
  const at = message.lastIndexOf('): ');
  return { code, reason: message.slice(`RMSNORM_${code}: `.length, at + 1), hint: message.slice(at + 3) };
}

function backendOn(
  device: GPUDevice,
  options: CheckedOptions,
  name: string,
  capabilities: Capabilities,
): WebGPUBackend {
  const driver = new WebGPUDriver(device, {
    name,
    capabilities,
    owned: options.device === undefined,
    source: options.gpu ?? options.adapter,
    maxPooledBytes: options.maxPooledBytes,
  });
  const backend = createBackend<Block, { readonly [D in DType]: WebGPUTensor<D> }>(driver);
  function record(encoder: GPUCommandEncoderLike, fn: () => void): void {
    if (arguments.length > 2) refuseMore(arguments, 2, 'record(encoder, fn)');
    // Throws DISPOSED where the backend is.
    backend.flush();
    driver.record(encoder, fn);
  }
  return Object.assign(backend, { record });
}
