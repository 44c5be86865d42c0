import { type AbortSignalLike, type Backend, type BackendProvider, createBackend, RMSNormError } from '@rmsnorm/core';
import { findAdapter, isSoftware, nameOf, onlySoftware, type Refusal } from './device/adapter.ts';
import { capabilitiesOf } from './device/capabilities.ts';
import { adapterOf, deviceOf } from './device/gpu.ts';
import { lossOf, lostError } from './device/loss.ts';
import { requestDevice } from './device/request-device.ts';
import { WebGPUDriver } from './driver.ts';
import type { GPUCommandEncoderLike } from './gpu-types.ts';
import { messageOf } from './message-of.ts';
import { type CheckedOptions, checkedOptions, type WebGPUOptions } from './options.ts';
import type { Capabilities } from './plan.ts';

/** A backend on WebGPU: `tensor.buffer` is a GPUBuffer, and `wrap` takes one. */
export interface WebGPUBackend extends Backend {
  /**
   * Submits what is pending, then puts the work that `fn` enqueues into the caller's command encoder, between passes,
   * and leaves it there: the caller submits it, as part of the rest. Until then its tensors must live, and nothing may
   * be read. Every result needs a tensor that was made before, as `out`: nothing is allocated that outlives the call.
   * What the device has to say against the work, it says to the caller. Where `fn` throws, so does record(), and what
   * was recorded up to then stays in the encoder.
   *
   *     backend.record(encoder, () => norm.forward(x, y));
   *     device.queue.submit([encoder.finish()]);
   *
   * @throws RMSNormError INVALID_OPTION, DISPOSED, DEVICE_LOST, and what `fn` throws
   */
  record(encoder: GPUCommandEncoderLike, fn: () => void): void;
}

export interface WebGPUProvider extends BackendProvider {
  create(options?: { signal?: AbortSignalLike }): Promise<WebGPUBackend>;
}

/**
 * The WebGPU backend: pages and workers, Deno, Bun, and Node with the npm package `webgpu`.
 *
 *     const backend = await webgpu().create();
 *
 * @throws RMSNormError INVALID_OPTION
 */
export function webgpu(options: WebGPUOptions = {}): WebGPUProvider {
  const checked = checkedOptions(options);
  return {
    name: 'webgpu',
    apiVersion: 1,
    probe: async () => {
      const found = await find(checked);
      return 'code' in found ? { ok: false, ...found } : { ok: true, device: found.name };
    },
    create: async ({ signal }: { signal?: AbortSignalLike } = {}): Promise<WebGPUBackend> => {
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
  const backend = createBackend(driver);
  const record = (encoder: GPUCommandEncoderLike, fn: () => void): void => {
    // Throws DISPOSED where the backend is.
    backend.flush();
    driver.record(encoder, fn);
  };
  return Object.assign(backend, { record });
}

function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw signal.reason;
}
