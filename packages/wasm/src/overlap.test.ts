import { expect, test } from 'vitest';
import type { Block } from './block.ts';
import { refuseOverlapsOf } from './overlap.ts';

const at = (address: number, bytes = 16): Block => ({ address, bytes, owned: false });

test.each<[string, () => void]>([
  ['neighbours', () => refuseOverlapsOf({ y: at(16), sum: at(32) }, { x: at(0) }, { gamma: at(48), beta: null })],
  ['an output in its place', () => refuseOverlapsOf({ y: at(0), sum: at(16) }, { x: at(0), z: at(16) }, {})],
  ['places that overlap each other', () => refuseOverlapsOf({ y: at(64) }, { x: at(0), z: at(8) }, {})],
])('takes %s', (_, check) => {
  expect(check).not.toThrow();
});

test.each<[string, string, () => void]>([
  ['y', 'x', () => refuseOverlapsOf({ y: at(8) }, { x: at(0) }, {})],
  ['y', 'z', () => refuseOverlapsOf({ y: at(0) }, { x: at(0), z: at(12) }, {})],
  ['sum', 'beta', () => refuseOverlapsOf({ y: at(0), sum: at(16) }, {}, { gamma: null, beta: at(16) })],
  ['y', 'sum', () => refuseOverlapsOf({ y: at(0), sum: at(0) }, { x: at(0) }, {})],
])('refuses %s over %s', (output, other, check) => {
  expect(check).toThrow(expect.objectContaining({ code: 'ALIASING' }));
  expect(check).toThrow(new RegExp(`${output} \\(16 bytes from \\d+ on\\) and ${other} \\(16 from \\d+ on\\) overlap`));
});

test('does not mind what was added to every object', () => {
  const prototype = Object.prototype as { added?: unknown };
  prototype.added = () => {};
  try {
    expect(() => refuseOverlapsOf({ y: at(0) }, { x: at(0) }, { gamma: null })).not.toThrow();
    expect(() => refuseOverlapsOf({ y: at(0) }, { x: at(8) }, { gamma: null })).toThrow('ALIASING');
  } finally {
    delete prototype.added;
  }
});
