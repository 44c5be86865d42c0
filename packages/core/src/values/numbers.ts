import { RMSNormError } from './errors.ts';
import { kindOfArray, plainArray } from './plain-array.ts';
import { unreadable } from './reading.ts';
import { show } from './show.ts';

/** Arrays over a buffer whose elements are no numbers. */
const WITHOUT_NUMBERS = ['DataView', 'BigInt64Array', 'BigUint64Array'];

/**
 * Values that are numbers, each of them: no strings, lists or bigints, which a typed array would convert, or throw at.
 * @throws RMSNormError DTYPE
 */
export function checkedNumbers(values: ArrayLike<number>): ArrayLike<number> {
  try {
    return numbersOf(values);
  } catch (error) {
    throw unreadable(error, 'the elements', 'DTYPE');
  }
}

function numbersOf(values: ArrayLike<number>): ArrayLike<number> {
  if (ArrayBuffer.isView(values)) {
    const kind = kindOfArray(values) ?? 'DataView';
    if (WITHOUT_NUMBERS.includes(kind)) throw new RMSNormError('DTYPE', `a ${kind} has no elements that are numbers`);
    return plainArray(values);
  }
  if (typeof values !== 'object' || values === null || typeof values.length !== 'number') {
    throw new RMSNormError('DTYPE', `elements are an array of numbers, got ${show(values)}`);
  }
  for (let i = 0; i < values.length; i++) if (typeof values[i] !== 'number') throw noElement(i, values[i]);
  return values;
}

/** @throws RMSNormError DTYPE */
export function checkedNumber(value: number): number {
  if (typeof value === 'number') return value;
  throw new RMSNormError('DTYPE', `that is no number, but ${show(value)}`);
}

function noElement(index: number, value: unknown): RMSNormError {
  const way = Array.isArray(value) ? ': hostTensor() takes nested arrays' : '';
  return new RMSNormError('DTYPE', `element ${index} is no number, but ${show(value)}${way}`);
}
