import { RMSNormError } from './errors.ts';
import { show } from './show.ts';

/**
 * Refuses arguments after the last that is read: what they say would be ignored. Undefined says nothing. Callers compare
 * `arguments.length` before, which engines do without making an object.
 * @param most how many are read
 * @param call as it is to be written: `forward(x, { out, rstd })`
 * @throws RMSNormError INVALID_OPTION
 */
export function refuseMore(given: ArrayLike<unknown>, most: number, call: string): void {
  for (let i = most; i < given.length; i++) {
    if (given[i] === undefined) continue;
    throw new RMSNormError('INVALID_OPTION', `argument ${i + 1} is too many, ${show(given[i])}: write ${call}`);
  }
}
