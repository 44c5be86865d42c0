import { type ErrorCode, isRMSNormError } from '@rmsnorm/core';
import { check, describeError } from './failure.ts';

/** Holds `call` to throw, or reject with, an RMSNormError of `code` whose text begins with it. */
export async function expectRefusal(code: ErrorCode, what: string, call: () => unknown): Promise<void> {
  let result: unknown;
  try {
    result = await call();
  } catch (error) {
    checkRefusal(code, what, error);
    return;
  }
  disposeIfTensor(result);
  check(false, `${what} went through: it must be refused with RMSNormError ${code}`);
}

/** As {@link expectRefusal}, for calls that must throw at once, not reject later. */
export function expectThrow(code: ErrorCode, what: string, call: () => unknown): void {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    checkRefusal(code, what, error);
    return;
  }
  disposeIfTensor(result);
  check(false, `${what} went through: it must throw RMSNormError ${code} at once`);
}

function checkRefusal(code: ErrorCode, what: string, error: unknown): void {
  check(isRMSNormError(error), () => `${what}: must be refused with RMSNormError ${code}, but ${describeError(error)}`);
  check(error.code === code, () => `${what}: refused with ${error.code}, not ${code}: ${error.message}`);
  check(
    error.message.startsWith(`RMSNORM_${code}: `),
    () => `${what}: the text must begin with 'RMSNORM_${code}: ', got '${error.message}'`,
  );
}

/** What should not have come out must not become a leak too. */
function disposeIfTensor(value: unknown): void {
  const { dispose } = (value ?? {}) as { dispose?: unknown };
  if (typeof dispose === 'function') dispose.call(value);
}
