import { RMSNormError } from './errors.ts';

/**
 * Ends a `switch` over all values of a type: with a value that the type gains, the `switch` does not compile until it
 * has a case for it.
 * @throws RMSNormError INVALID_OPTION for a value that is not of the type
 */
export function unreachable(value: never, what: string): never {
  throw new RMSNormError('INVALID_OPTION', `there is no ${what} ${JSON.stringify(value)}`);
}
