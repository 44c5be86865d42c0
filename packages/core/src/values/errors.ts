import { cut, escaped, show } from './show.ts';

/** Every code an {@link RMSNormError} can carry. Codes are stable; messages are not. */
export const ERROR_CODES = [
  'INVALID_OPTION',
  'SHAPE',
  'DTYPE',
  'UNSUPPORTED',
  'DISPOSED',
  'FOREIGN_TENSOR',
  'ALIASING',
  'ALIGNMENT',
  'OUT_OF_MEMORY',
  'DEVICE_LOST',
  'DEVICE_ERROR',
  'NO_BACKEND',
  'INVALID_FILE',
  'FILE_EXISTS',
  'NO_SIMD',
  'NO_WEBGPU',
  'NO_ADAPTER',
  'NO_WEBNN',
  'MODULE_NOT_FOUND',
  'NO_BINARY',
  'DRIVER_NOT_FOUND',
  'DRIVER_TOO_OLD',
  'NO_DEVICE',
  'ARCH_UNSUPPORTED',
  'WRONG_RUNTIME',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** No message has more characters. Those of this package are far shorter; other packages' may hold what they were given. */
const MOST_CHARACTERS = 8000;

const BRAND: unique symbol = Symbol.for('@rmsnorm/core/RMSNormError') as never;

/**
 * The one error class of all `@rmsnorm/*` packages. Its text begins with `RMSNORM_<code>: ` and goes on with the
 * numbers involved and the way out. Control characters in it are escaped, all but the ends of lines.
 */
export class RMSNormError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(cut(escaped(`RMSNORM_${textOf(code)}: ${textOf(message)}`, true), MOST_CHARACTERS), options);
    this.name = 'RMSNormError';
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether `error` is an RMSNormError of this or of any other copy of `@rmsnorm/core`; with `code`, of that code. */
export function isRMSNormError(error: unknown, code?: ErrorCode): error is RMSNormError {
  try {
    if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
    return code === undefined || ('code' in error && error.code === code);
  } catch {
    // A Proxy that throws.
    return false;
  }
}

/** What should be a string, and may be anything where callers have no types; cut before it grows, as no string is endless. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? cut(value, MOST_CHARACTERS) : show(value);
}
