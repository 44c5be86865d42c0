import { beforeEach, describe } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { loadNative } from '../src/load-native.ts';
import type { NativeBackend, NativeOptions } from '../src/native.ts';
import { type CudaOptions, checkedOptions } from '../src/options.ts';
import { providerOf } from '../src/provider.ts';
import type { CudaBackend } from '../src/tensor.ts';

/** What an emulated device can beside others. */
export interface EmulatedBackend extends NativeBackend {
  /** Lets a function of the driver fail, after so many calls of it. */
  inject(fn: string, afterCalls: number, result: number): void;
  memory(): { readonly reserved: number; readonly used: number };
}

/** The driver's errors. */
export const CUDA_ERROR = { OUT_OF_MEMORY: 2, ILLEGAL_ADDRESS: 700, INVALID_VALUE: 1, UNKNOWN: 999 } as const;

const native = loadNative();

/** A backend on the emulated device, and what stands behind it. */
export async function emulated(
  options: CudaOptions = {},
  more: Partial<NativeOptions> = {},
): Promise<{ backend: CudaBackend; device: EmulatedBackend }> {
  if ('code' in native) throw new Error(native.reason);
  let device: NativeBackend | undefined;
  const { fields } = native;
  const watched = {
    fields,
    probe: native.probe,
    open(given: NativeOptions): NativeBackend {
      device = native.open({ ...given, ...more });
      return device;
    },
  };
  const provider = providerOf(checkedOptions({ device: 'emulated', ...options }), () => watched);
  return { backend: await provider.create(), device: device as EmulatedBackend };
}

/** Tests that need the addon; skipped with the reason where it was not built. */
export function describeEmulated(name: string, body: () => void): void {
  describe(name, () => {
    beforeEach(({ skip }) => {
      if ('code' in native) lacking(skip, `${native.code}: ${native.reason}`);
    });
    body();
  });
}
