import { RMSNormError } from './errors.ts';

/**
 * What `make` makes, of so many elements or bytes.
 * @throws RMSNormError OUT_OF_MEMORY where the engine has no array of this length
 */
export function hostMemory<T>(make: () => T, length: number, of: 'bytes' | 'elements'): T {
  try {
    return make();
  } catch (cause) {
    throw new RMSNormError('OUT_OF_MEMORY', `this engine has no array for ${length} ${of}`, { cause });
  }
}
