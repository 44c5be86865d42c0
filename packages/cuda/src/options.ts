import { type Form, keysOf, RMSNormError, readKeys, show } from '@rmsnorm/core';

/** A GPU that is none: the same kernels, compiled for the processor, for tests where there is no GPU. It is slow. */
export type EmulatedDevice = 'emulated' | 'emulated sm_90' | 'emulated sm_80';

export interface CudaOptions {
  /**
   * Which GPU: its number from 0 on, in the order of `CUDA_VISIBLE_DEVICES` where that is set; 0 unless given. Or
   * `'emulated'`, for tests: the kernels run on the processor, as for an H200 (sm_90), or for an A100
   * (`'emulated sm_80'`).
   */
  readonly device?: number | EmulatedDevice | undefined;
  /**
   * The stream to enqueue on: a CUstream or cudaStream_t of the device's primary context, as a bigint. It stays the
   * caller's, and is not 2n, CU_STREAM_PER_THREAD. Unless given, each backend has a stream of its own.
   */
  readonly stream?: bigint | undefined;
  /** How many bytes of pinned host memory copies may pass through: at least 64 KiB, 16 MiB unless given. */
  readonly stagingBytes?: number | undefined;
}

/** What the addon is told. */
export interface CheckedOptions {
  /** The number of the GPU; 0 for an emulated one. */
  readonly device: number;
  readonly emulated: 'sm_90' | 'sm_80' | null;
  readonly stream: bigint | null;
  readonly stagingBytes: number;
}

const FORM: Form = {
  name: "cuda()'s options",
  keys: keysOf<CudaOptions>({ device: true, stream: true, stagingBytes: true }),
  hints: { pointer: 'pointers go to backend.wrap(pointer, shape, dtype)' },
};

const EMULATED: Readonly<Record<EmulatedDevice, 'sm_90' | 'sm_80'>> = {
  emulated: 'sm_90',
  'emulated sm_90': 'sm_90',
  'emulated sm_80': 'sm_80',
};

const CU_STREAM_PER_THREAD = 2n;
const MOST_DEVICES = 1024;
const LEAST_STAGING = 64 * 1024;
const STAGING = 16 * 2 ** 20;

/**
 * Checks the options and copies them.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkedOptions(options: CudaOptions): CheckedOptions {
  const { device = 0, stream = null, stagingBytes = STAGING } = readKeys(options, FORM);
  const emulated = typeof device === 'string' && Object.hasOwn(EMULATED, device) ? EMULATED[device] : null;
  if (emulated === null && !isInteger(device, 0, MOST_DEVICES - 1)) {
    throw invalid(
      `device is the number of a GPU, from 0 on (nvidia-smi -L lists them), or 'emulated', got ${show(device)}`,
    );
  }
  if (stream !== null && !(typeof stream === 'bigint' && stream >= 0n && stream < 2n ** 64n)) {
    throw invalid(`stream is a CUstream as a bigint from 0n on, got ${show(stream)}`);
  }
  if (stream === CU_STREAM_PER_THREAD) {
    throw invalid(
      'stream 2n, CU_STREAM_PER_THREAD, is another one in each thread, and a backend works in two: give one of cuStreamCreate',
    );
  }
  if (!isInteger(stagingBytes, LEAST_STAGING, Number.MAX_SAFE_INTEGER)) {
    throw invalid(`stagingBytes must be an integer from ${LEAST_STAGING} on, got ${show(stagingBytes)}`);
  }
  return { device: emulated === null ? (device as number) : 0, emulated, stream, stagingBytes };
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
