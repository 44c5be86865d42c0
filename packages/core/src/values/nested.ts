import { RMSNormError } from './errors.ts';
import type { NestedNumbers } from './host-data.ts';
import { elementCount } from './shape.ts';
import { show } from './show.ts';

/** Deeper lists are no tensor, but a mistake: a list that holds itself, say. */
const MOST_AXES = 32;

/** An array of numbers of this length takes 1 GiB. */
const MOST_NUMBERS = 2 ** 27;

/**
 * The shape of nested lists.
 * @throws RMSNormError SHAPE where they are too deep, DTYPE where the first element is no number
 */
export function nestedShape(data: NestedNumbers | Float32Array): number[] {
  const shape: number[] = [];
  let level: unknown = data;
  while (isList(level)) {
    if (shape.length === MOST_AXES) throw new RMSNormError('SHAPE', `lists are nested more than ${MOST_AXES} deep`);
    shape.push(level.length);
    if (level.length === 0) break;
    level = level[0];
  }
  return shape;
}

/**
 * The numbers of nested lists, the last axis first, as a tensor has them.
 * @param shape of the first of each list: all must be alike
 * @throws RMSNormError SHAPE where lists differ in length, or one array cannot hold all numbers
 */
export function flattened(data: NestedNumbers | Float32Array, shape: readonly number[]): number[] {
  const count = elementCount(shape);
  // Lists may hold one list twice, so that few of them have more numbers than there is memory for.
  if (count > MOST_NUMBERS) {
    throw new RMSNormError('SHAPE', `nested lists of shape ${show(shape)} have ${count} numbers: use a typed array`);
  }
  const numbers: number[] = [];
  const add = (list: unknown, axis: number): void => {
    if (!isList(list) || list.length !== shape[axis]) {
      const found = isList(list) ? `one of ${list.length}` : show(list);
      throw new RMSNormError(
        'SHAPE',
        `nested lists of shape ${show(shape)} need ${shape[axis]} elements in every list of axis ${axis}, got ${found}`,
      );
    }
    const last = axis === shape.length - 1;
    for (let i = 0; i < list.length; i++) {
      if (last) numbers.push(list[i] as number);
      else add(list[i], axis + 1);
    }
  };
  add(data, 0);
  return numbers;
}

function isList(value: unknown): value is readonly unknown[] | Float32Array {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}
