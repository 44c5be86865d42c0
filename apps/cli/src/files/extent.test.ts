import { afterEach, expect, test, vi } from 'vitest';
import { MOST_BYTES_AT_ONCE, pieceAt, readExtent, writeExtent } from './extent.ts';

const calls = vi.hoisted(() => [] as { length: number; offset: number; position: number }[]);
const moved = vi.hoisted(() => ({ atMost: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY }));

// Stands in for the system: Node refuses lengths from 2^31 on, and Linux moves fewer bytes than it is asked to.
vi.mock('node:fs', () => {
  const move = (_fd: number, _buffer: Uint8Array, offset: number, length: number, position: number): number => {
    if (length >= 2 ** 31) throw new RangeError(`The value of "length" is out of range. Received ${length}`);
    calls.push({ length, offset, position });
    return Math.max(0, Math.min(length, moved.atMost, moved.end - position));
  };
  const later = (...args: [...Parameters<typeof move>, (error: null, bytes: number) => void]): void => {
    const [fd, buffer, offset, length, position, callback] = args;
    const bytes = move(fd, buffer, offset, length, position);
    setImmediate(() => callback(null, bytes));
  };
  return { read: later, write: later, readSync: move, writeSync: move };
});

afterEach(() => {
  calls.length = 0;
  Object.assign(moved, { atMost: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY });
});

const ended = (position: number): Error => new Error(`ended at ${position}`);

test.each([['read'], ['write']])('%s: more than 2 GiB in parts below 2 GiB, each at its place', async (which) => {
  // Memory that nothing touches is not there.
  const buffer = new Uint8Array(2.5e9);
  const extent = pieceAt(5e9, 2.5e9);
  await (which === 'read' ? readExtent(3, extent, buffer, ended) : writeExtent(3, extent, buffer));
  expect(calls).toEqual([
    { length: MOST_BYTES_AT_ONCE, offset: 0, position: 5e9 },
    { length: MOST_BYTES_AT_ONCE, offset: MOST_BYTES_AT_ONCE, position: 5e9 + MOST_BYTES_AT_ONCE },
    {
      length: 2.5e9 - 2 * MOST_BYTES_AT_ONCE,
      offset: 2 * MOST_BYTES_AT_ONCE,
      position: 5e9 + 2 * MOST_BYTES_AT_ONCE,
    },
  ]);
});

test.each([
  ['in one piece', pieceAt(10, 1000)],
  ['in small pieces', { position: 10, bytes: 100, stride: 500, count: 10 }],
  ['in large pieces', { position: 10, bytes: 300_000, stride: 500_000, count: 3 }],
])('all of it, however few bytes the system moves at once: %s', async (_name, extent) => {
  moved.atMost = Math.ceil(extent.bytes / 3) - 1;
  await readExtent(3, extent, new Uint8Array(extent.bytes * extent.count), ended);
  expect(calls).toHaveLength(4 * extent.count);
  const last = [...calls].sort((a, b) => a.position - b.position).at(-1)!;
  expect(last.position + last.length).toBe(extent.position + (extent.count - 1) * extent.stride + extent.bytes);
  expect(last.offset + last.length).toBe(extent.bytes * extent.count);
});

test('where the file ends before, the byte', async () => {
  moved.end = 1300;
  const small = { position: 10, bytes: 100, stride: 500, count: 10 };
  await expect(readExtent(3, small, new Uint8Array(1000), ended)).rejects.toThrow('ended at 1510');
  await expect(readExtent(3, pieceAt(1250, 100), new Uint8Array(100), ended)).rejects.toThrow('ended at 1300');
});
