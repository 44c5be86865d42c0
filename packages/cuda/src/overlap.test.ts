import { OPERATIONS } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import type { Block } from './block.ts';
import { refuseOverlaps } from './overlap.ts';

const block = (address: number, bytes = 64): Block => ({ address, bytes, owned: false, freed: false });

const { operands } = OPERATIONS.forward;
const x = block(1024);

test.each<[string, (Block | null)[]]>([
  ['apart', [x, null, null, block(1088), null]],
  ['side by side, before', [x, null, null, block(960), null]],
  ['in place', [x, null, null, x, null]],
  ['in place, wrapped twice', [x, null, null, block(1024), null]],
  ['inputs that overlap', [x, block(1024), block(1040), block(0), null]],
])('lets through: %s', (_what, blocks) => {
  expect(() => refuseOverlaps(operands, blocks)).not.toThrow();
});

test.each<[string, (Block | null)[], RegExp]>([
  [
    'y begins in x',
    [x, null, null, block(1028), null],
    /ALIASING: y \(64 bytes from 0x404 on\) and x \(64 bytes from 0x400 on\) overlap: give y memory of its own/,
  ],
  ['y ends in x', [x, null, null, block(964), null], /y .* and x /],
  ['y is gamma', [x, block(0), null, block(0), null], /y .* and gamma /],
  ['rstd is x', [x, null, null, block(0), x], /rstd .* and x /],
  ['rstd is in y', [x, null, null, block(0), block(8, 4)], /y .* and rstd /],
])('refuses: %s', (_what, blocks, message) => {
  expect(() => refuseOverlaps(operands, blocks)).toThrow(message);
});

test('two outputs never share memory, though both may be the input', () => {
  // x, residual, gamma, beta, y, sum, rstd
  const blocks = [x, block(0), null, null, x, x, null];
  expect(() => refuseOverlaps(OPERATIONS.addForward.operands, blocks)).toThrow(/y .* and sum /);
});
