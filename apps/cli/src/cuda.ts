import { type BackendProvider, isRMSNormError, messageOf } from '@rmsnorm/core';
import type { CudaOptions } from '@rmsnorm/cuda';
import { absent } from './absent.ts';
import { missingAddition } from './addition.ts';

const VARIABLE = 'RMSNORM_CUDA_DEVICE';

/**
 * CUDA on the device that the environment names: RMSNORM_CUDA_DEVICE is the number of a GPU, or `emulated`, for tests.
 * @param emulated whether a device that is emulated on the processor will do
 */
export async function cudaProvider(emulated: boolean): Promise<BackendProvider> {
  const missing = missingAddition('@rmsnorm/cuda');
  if (missing) return absent('cuda', missing);
  const { cuda } = await import('@rmsnorm/cuda');
  const value = process.env[VARIABLE];
  if (!value) return cuda();
  // The package says what it takes.
  const device = (/^\d+$/.test(value) ? Number(value) : value) as CudaOptions['device'];
  if (typeof device === 'string' && device.startsWith('emulated') && !emulated) {
    return absent('cuda', {
      ok: false,
      code: 'NO_DEVICE',
      reason: `${VARIABLE} is '${value}', which computes on the processor`,
      hint: '--backend cuda takes it',
    });
  }
  try {
    return cuda({ device });
  } catch (error) {
    if (!isRMSNormError(error)) throw error;
    return absent('cuda', {
      ok: false,
      code: error.code,
      reason: `${VARIABLE}: ${messageOf(error).replace(/^\w+: /, '')}`,
    });
  }
}
