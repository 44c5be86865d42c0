import { RMSNormError } from './errors.ts';

/**
 * What `make` makes, of as much memory as `what` says.
 * @throws RMSNormError OUT_OF_MEMORY where the engine has no array of this length
 */
export function hostMemory<T>(make: () => T, what: string): T {
  try {
    return make();
  } catch (cause) {
    throw new RMSNormError('OUT_OF_MEMORY', `this engine has no array for ${what}`, { cause });
  }
}
