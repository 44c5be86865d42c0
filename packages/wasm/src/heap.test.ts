import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADDRESS_SPACE, Heap } from './heap.ts';
import { HEAP_BASE, PAGE_BYTES } from './kernels.ts';

const MIB = 2 ** 20;

function heapOf(limit?: number): Heap {
  return new Heap(new WebAssembly.Memory({ initial: 1 }), limit);
}

/** A memory whose engine refuses to grow it by more than `most` pages at once. */
class ReluctantMemory extends WebAssembly.Memory {
  readonly most: number;
  readonly asked: number[] = [];

  constructor(most: number) {
    super({ initial: 1 });
    this.most = most;
  }

  override grow(pages: number): number {
    this.asked.push(pages);
    if (pages > this.most) throw new RangeError('not so much');
    return super.grow(pages);
  }
}

describe('Heap', () => {
  test('leaves the addresses below its base alone', () => {
    expect(heapOf().alloc(4)).toBe(HEAP_BASE);
  });

  test('grows on demand, in steps of a mebibyte at least and a quarter of its size beyond', () => {
    const heap = heapOf();
    heap.alloc(PAGE_BYTES);
    expect(heap.bytes.length).toBe(MIB + PAGE_BYTES);
    heap.alloc(64 * MIB);
    const before = heap.bytes.length;
    expect(before).toBeGreaterThan(64 * MIB);
    expect(before).toBeLessThan(65 * MIB);
    heap.alloc(2 * MIB);
    expect(heap.bytes.length).toBe(Math.ceil((before * 1.25) / PAGE_BYTES) * PAGE_BYTES);
  });

  test('does not grow while freed blocks fit', () => {
    const heap = heapOf();
    for (let i = 0; i < 10_000; i++) {
      const address = heap.alloc(40_000);
      heap.free(address, 40_000);
    }
    expect(heap.bytes.length).toBe(PAGE_BYTES);
    expect(heap.used).toBe(0);
  });

  test('gives bytes that are the memory as it now is', () => {
    const heap = heapOf();
    const before = heap.bytes;
    const address = heap.alloc(4);
    before[address] = 7;
    heap.alloc(MIB);
    expect(before.length).toBe(0);
    expect(heap.bytes[address]).toBe(7);
    expect(heap.bytes).toBe(heap.bytes);
  });

  test('takes in what somebody else grew', () => {
    const heap = heapOf();
    heap.memory.grow(15);
    expect(heap.bytes.length).toBe(MIB);
    expect(heap.alloc(MIB - HEAP_BASE)).toBe(HEAP_BASE);
    expect(heap.bytes.length).toBe(MIB);
  });

  test('grows by just what is needed where the engine refuses more', () => {
    const memory = new ReluctantMemory(2);
    const heap = new Heap(memory);
    heap.alloc(2 * PAGE_BYTES);
    expect(memory.asked).toEqual([16, 2]);
    expect(heap.bytes.length).toBe(3 * PAGE_BYTES);
  });

  test('says OUT_OF_MEMORY with the numbers where the engine refuses that too, and goes on', () => {
    const heap = new Heap(new ReluctantMemory(2));
    heap.alloc(1000);
    expect(() => heap.alloc(3 * PAGE_BYTES)).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/no 196608 bytes.*1024 are in use.*refused.*65536 to 201728/),
        cause: expect.any(RangeError),
      }),
    );
    expect(heap.used).toBe(1024);
    expect(heap.alloc(PAGE_BYTES)).toBe(HEAP_BASE + 1024);
  });

  test('says OUT_OF_MEMORY with the numbers at its limit, which it fills to the last page', () => {
    const heap = heapOf(3 * PAGE_BYTES + 5);
    const address = heap.alloc(3 * PAGE_BYTES - HEAP_BASE);
    expect(() => heap.alloc(1)).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/no 1 bytes.*192512 are in use.*may grow to 196608.*maxBytes/),
      }),
    );
    heap.free(address, 3 * PAGE_BYTES - HEAP_BASE);
    expect(heap.alloc(1)).toBe(HEAP_BASE);
  });

  test('reaches all but the last 64 bytes of 4 GiB, and says OUT_OF_MEMORY there', () => {
    const heap = heapOf();
    const first = heap.alloc(2 ** 31);
    const rest = ADDRESS_SPACE - 64 - first - 2 ** 31;
    const last = heap.alloc(rest);
    expect(last + rest).toBe(ADDRESS_SPACE - 64);
    heap.bytes[last + rest - 1] = 1;
    expect(() => heap.alloc(1)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
    heap.free(last, rest);
    expect(() => heap.alloc(rest + 1)).toThrow(/may grow to 4294967232; dispose tensors, or/);
    expect(heap.alloc(rest)).toBe(last);
  });

  test('whatever is allocated and freed, blocks keep their bytes through every growth', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 300_000 }), fc.boolean()), { maxLength: 30 }),
        (steps) => {
          const heap = heapOf();
          const live: { address: number; bytes: number; mark: number }[] = [];
          for (const [i, [bytes, keep]] of steps.entries()) {
            const address = heap.alloc(bytes);
            heap.bytes.fill(i + 1, address, address + bytes);
            if (keep) live.push({ address, bytes, mark: i + 1 });
            else heap.free(address, bytes);
          }
          for (const { address, bytes, mark } of live) {
            expect(heap.bytes.subarray(address, address + bytes).every((byte) => byte === mark)).toBe(true);
            heap.free(address, bytes);
          }
          expect(heap.used).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
