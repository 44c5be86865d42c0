import { type ErrorCode, isRMSNormError, RMSNormError } from './errors.ts';
import { messageOf } from './show.ts';

/**
 * What `read` gives: a look at a caller's argument, whose getters, or a Proxy, may throw.
 * @param what is read, as a message names it
 * @throws RMSNormError of `code`, with what was thrown as its cause; those that `read` throws itself
 */
export function reading<T>(what: string, code: ErrorCode, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(error, what, code);
  }
}

/** The error of {@link reading}, for where no function is to be made. */
export function unreadable(error: unknown, what: string, code: ErrorCode): RMSNormError {
  if (isRMSNormError(error)) return error;
  return new RMSNormError(code, `${what} cannot be read: ${messageOf(error)}`, { cause: error });
}

/** Whether it is an array, which a Proxy that was revoked is not. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
