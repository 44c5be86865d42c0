import { RMSNormError } from './errors.ts';
import { unreadable } from './reading.ts';
import { show } from './show.ts';

/** The number of elements of `shape`. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const length of shape) count *= length;
  return count;
}

// Tensors made one after the other mostly have one shape. They share it: the very same array compares at once, while V8
// reads a frozen array slowly (15 ns an element).
let latest: readonly number[] = Object.freeze([]);

/**
 * A frozen copy of `shape`.
 * @throws RMSNormError SHAPE where it is no list of integers from 0 on, or has more elements than an integer can count
 */
export function checkedShape(shape: readonly number[]): readonly number[] {
  try {
    return frozenShape(shape);
  } catch (error) {
    throw unreadable(error, 'the shape', 'SHAPE');
  }
}

/** More are no shape, but a mistake, which would take long to look at. */
export const MOST_AXES = 1024;

function frozenShape(shape: readonly number[]): readonly number[] {
  if (Array.isArray(shape) && shape.length > MOST_AXES) {
    throw new RMSNormError('SHAPE', `a shape has at most ${MOST_AXES} axes, got ${shape.length}`);
  }
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new RMSNormError('SHAPE', `a shape is an array of integers from 0 on, got ${show(shape)}`);
  }
  if (!Number.isSafeInteger(elementCount(shape))) {
    throw new RMSNormError('SHAPE', `shape ${show(shape)} has more elements than an integer can count`);
  }
  if (!sameShape(shape, latest)) latest = Object.freeze(shape.map((length) => length + 0)); // -0 becomes 0
  return latest;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
