import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALIGNMENT, Allocator, roundUp } from './allocator.ts';

const BASE = 1024;

function allocatorOf(bytes: number): Allocator {
  const allocator = new Allocator(BASE);
  allocator.extend(BASE + bytes);
  return allocator;
}

describe('Allocator', () => {
  test('has nothing to give until it is extended', () => {
    const allocator = new Allocator(BASE);
    expect(allocator.take(1)).toBeNull();
    allocator.extend(BASE + 128);
    expect(allocator.take(128)).toBe(BASE);
    expect(allocator.take(1)).toBeNull();
  });

  test('begins at an aligned address, whatever the base and the end', () => {
    const allocator = new Allocator(1000);
    allocator.extend(1000 + 1000);
    expect(allocator.take(64)).toBe(1024);
    expect(allocator.take(1984 - 1024 - 64)).toBe(1024 + 64);
    expect(allocator.take(1)).toBeNull();
  });

  test('gives a freed block to the next that fits', () => {
    const allocator = allocatorOf(4096);
    const first = allocator.take(256)!;
    allocator.take(256);
    allocator.release(first, 256);
    expect(allocator.take(200)).toBe(first);
  });

  test('takes the smallest free range that fits', () => {
    const allocator = allocatorOf(4096);
    const large = allocator.take(512)!;
    allocator.take(64);
    const small = allocator.take(128)!;
    allocator.take(64);
    allocator.release(large, 512);
    allocator.release(small, 128);
    expect(allocator.take(100)).toBe(small);
    expect(allocator.take(100)).toBe(large);
  });

  test.each([[[0, 1, 2]], [[0, 2, 1]], [[1, 0, 2]], [[1, 2, 0]], [[2, 0, 1]], [[2, 1, 0]]])(
    'joins neighbours that are freed in the order %j',
    (order) => {
      const allocator = allocatorOf(3 * 1024);
      const blocks = [0, 1, 2].map(() => allocator.take(1024)!);
      expect(allocator.take(1)).toBeNull();
      for (const i of order) allocator.release(blocks[i]!, 1024);
      expect(allocator.take(3 * 1024)).toBe(BASE);
    },
  );

  test('joins an extension to a free tail, and tells how long that is', () => {
    const allocator = allocatorOf(1024);
    expect(allocator.tail).toBe(1024);
    allocator.take(960);
    expect(allocator.tail).toBe(64);
    allocator.extend(BASE + 2048);
    expect(allocator.tail).toBe(1088);
    expect(allocator.take(1088)).toBe(BASE + 960);
    expect(allocator.tail).toBe(0);
    allocator.extend(BASE + 2048 + 63);
    expect(allocator.take(1)).toBeNull();
  });

  test('whatever is taken and released: blocks lie apart and aligned, nothing is lost', () => {
    const sizes = fc.integer({ min: 1, max: 5000 });
    // A number takes a block of so many bytes; a fraction releases one of the live blocks.
    const steps = fc.array(fc.oneof(sizes, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (sequence) => {
        const space = 64 * 1024;
        const allocator = allocatorOf(space);
        const live: { address: number; bytes: number }[] = [];
        for (const step of sequence) {
          if (Number.isInteger(step) && step > 0) {
            const address = allocator.take(step);
            if (address === null) continue;
            expect(address % ALIGNMENT).toBe(0);
            expect(address).toBeGreaterThanOrEqual(BASE);
            expect(address + step).toBeLessThanOrEqual(BASE + space);
            for (const other of live) {
              expect(address + step <= other.address || other.address + other.bytes <= address).toBe(true);
            }
            live.push({ address, bytes: step });
          } else if (live.length > 0) {
            const [block] = live.splice(Math.floor(step * live.length), 1);
            allocator.release(block!.address, block!.bytes);
          }
          expect(allocator.used).toBe(live.reduce((sum, { bytes }) => sum + roundUp(bytes), 0));
        }
        for (const { address, bytes } of live) allocator.release(address, bytes);
        expect(allocator.used).toBe(0);
        expect(allocator.take(space)).toBe(BASE);
      }),
      { numRuns: 300 },
    );
  });
});
