import { type ErrorCode, isRMSNormError, messageOf, RMSNormError } from '@rmsnorm/core';

/** The codes that the addon's errors have, each with its way out. */
const WAYS_OUT: Readonly<Partial<Record<ErrorCode, string>>> = {
  OUT_OF_MEMORY: 'dispose of tensors, or free memory of other programs on the GPU (nvidia-smi lists them)',
  DEVICE_LOST: 'tensors on it are gone, and CUDA gives no new device to this process: start the process again',
  DEVICE_ERROR: '',
  INVALID_OPTION: '',
  DISPOSED: '',
};

/** What the addon threw, as an error with a code, and with what to do. */
export function deviceError(error: unknown): RMSNormError {
  if (isRMSNormError(error)) return error;
  const code = codeOf(error);
  const wayOut = WAYS_OUT[code];
  return new RMSNormError(code, wayOut ? `${messageOf(error)}: ${wayOut}` : messageOf(error), { cause: error });
}

function codeOf(error: unknown): ErrorCode {
  const code: unknown = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && Object.hasOwn(WAYS_OUT, code) ? (code as ErrorCode) : 'DEVICE_ERROR';
}

/** What `call` gives; what it throws has a code. */
export function onDevice<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw deviceError(error);
  }
}
