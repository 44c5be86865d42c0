import { expect, test } from 'vitest';
import { layoutOf } from './layout.ts';
import { type RMSNormOptions, resolveOptions } from './options.ts';

const layout = (options: RMSNormOptions, shape: number[]) => layoutOf(resolveOptions(options), shape);

test.each<[RMSNormOptions, number[], number[]]>([
  [{ dim: 512 }, [2, 512, 4, 4], [2, 1, 512, 16]],
  [{ dim: 512, groups: 8 }, [2, 512, 4, 4], [2, 8, 64, 16]],
  [{ dim: 7, axis: -1 }, [2, 3, 5, 7], [30, 1, 7, 1]],
  [{ dim: 5, axis: 2 }, [2, 3, 5, 7], [6, 1, 5, 7]],
  [{ dim: [3, 5] }, [2, 3, 5, 7], [2, 1, 15, 7]],
  [{ dim: [5, 7], axis: -2 }, [2, 3, 5, 7], [6, 1, 35, 1]],
  [{ dim: [2, 3, 5, 7], axis: 0 }, [2, 3, 5, 7], [1, 1, 210, 1]],
  [{ dim: 4, axis: 0 }, [4], [1, 1, 4, 1]],
  [{ dim: 4, axis: -1 }, [0, 4], [0, 1, 4, 1]],
  [{ dim: 4 }, [3, 4, 0], [3, 1, 4, 0]],
])('%j on %j is [outer, groups, size, inner] = %j', (options, shape, [outer, groups, size, inner]) => {
  expect(layout(options, shape)).toEqual({ outer, groups, size, inner });
});

test.each<[RMSNormOptions, number[], string]>([
  [{ dim: 512 }, [2, 4, 512], 'has [4], not [512] at axis 1: did you mean axis: -1?'],
  [{ dim: 512 }, [512], 'does not have [512] at axis 1: did you mean axis: -1?'],
  [{ dim: 512, axis: -3 }, [2, 512], 'does not have [512] at axis -3'],
  [{ dim: [5, 7], axis: -1 }, [2, 5, 7], 'did you mean axis: -2?'],
  [{ dim: 8, axis: -1 }, [2, 9], 'has [9], not [8] at axis -1: give the tensor, or dim, the right length'],
  [{ dim: 8, axis: 0 }, [], 'does not have [8]'],
])('%j on %j: %s', (options, shape, message) => {
  expect(() => layout(options, shape)).toThrow('RMSNORM_SHAPE: ');
  expect(() => layout(options, shape)).toThrow(message);
});
