import { expect, test } from 'vitest';
import { pairsOf } from './cover.ts';
import { unknown } from './covering.ts';

test('cases.txt names cases of the suite', () => {
  expect(unknown, 'choose anew: RMSNORM_WHOLE=1 RMSNORM_UPDATE=1 pnpm test --project webgpu covering').toEqual([]);
});

test('pairs are of choices, not of sizes', () => {
  expect(pairsOf('loop:whole,shared16x16/16:x y!>y')).toEqual(pairsOf('loop:whole,shared8x32/32:x y!>y'));
  expect(pairsOf('loop:whole,float16')).toEqual([
    'loop',
    'loop 0.0=whole',
    'loop 0.0=whole 0.1=float16',
    'loop 0.1=float16',
  ]);
});
