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
import type { Block } from './block.ts';
import { onDevice } from './device-errors.ts';
import { CudaDriver } from './driver.ts';
import { loadNative } from './load-native.ts';
import type { Native } from './native.ts';
import { type CheckedOptions, type CudaOptions, checkedOptions } from './options.ts';
import { type Found, findDevice } from './probe.ts';
import type { Refusal } from './refusal.ts';
import type { CudaBackend, CudaTensor } from './tensor.ts';

/**
 * The CUDA backend: NVIDIA GPUs, in Node and Bun on Linux.
 *
 *     const backend = await cuda().create();
 *
 * @throws RMSNormError INVALID_OPTION
 */
export function cuda(options: CudaOptions = {}): BackendProvider<CudaBackend> {
  if (arguments.length > 1) refuseMore(arguments, 1, 'cuda({ device, stream, stagingBytes })');
  return providerOf(checkedOptions(options), loadNative);
}

/** @param load gives the addon, or why there is none */
export function providerOf(options: CheckedOptions, load: () => Native | Refusal): BackendProvider<CudaBackend> {
  return {
    name: 'cuda',
    apiVersion: 1,
    probe: async () => {
      const found = find(options, load);
      return 'code' in found ? { ok: false, ...found } : { ok: true, device: found.device };
    },
    async create(given?: SignalOptions): Promise<CudaBackend> {
      if (arguments.length > 1) refuseMore(arguments, 1, 'create({ signal })');
      const signal = signalOf(given, "create()'s options");
      throwIfAborted(signal);
      const found = find(options, load);
      if ('code' in found) throw new RMSNormError(found.code, `${found.reason}: ${found.hint}`);
      return backendOn(found, options);
    },
  };
}

/** Never throws. */
function find(options: CheckedOptions, load: () => Native | Refusal): Found | Refusal {
  try {
    const native = load();
    return 'code' in native ? native : findDevice(native, options);
  } catch (error) {
    return {
      code: 'DEVICE_ERROR',
      reason: `looking for a device failed (${messageOf(error)})`,
      hint: 'nvidia-smi shows whether the driver works',
    };
  }
}

function backendOn({ native, places }: Found, { device, emulated, stream, stagingBytes }: CheckedOptions): CudaBackend {
  const opened = onDevice(() => native.open({ device, emulated, stream, stagingBytes }));
  const driver = new CudaDriver({ native: opened, places, length: native.fields.length, ordinal: device });
  const backend = createBackend<Block, { readonly [D in DType]: CudaTensor<D> }>(driver);
  const capture: CudaBackend['capture'] = function (fn) {
    if (arguments.length > 1) refuseMore(arguments, 1, 'capture(fn)');
    // Throws DISPOSED from when dispose() is called on, which the driver hears of later.
    const assertAlive = (): void => backend.flush();
    assertAlive();
    return driver.capture(fn, assertAlive);
  };
  const given = { get: () => driver.stream, enumerable: true };
  return Object.defineProperty(Object.assign(backend, { capture }), 'stream', given) as CudaBackend;
}
