import type { FloatDType, ForwardIO, Problem, Supports } from '@rmsnorm/core';
import { EVERYTHING, PlainDriver } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

const { fround } = Math;

/**
 * As a GPU does it: work is queued and runs at the next read, sums are float32 in blocks of 8 and a fixed tree over
 * them, r is up to 2 ulp off, subnormals are 0. Nothing of the memory can be seen from the host.
 */
class QueuedDriver extends PlainDriver {
  override readonly name: string = 'queued';
  override readonly supports: Supports = {
    ...EVERYTHING,
    accuracy: 'webgpu',
    promises: ['extremes', 'nonFinite', 'invariance'],
  };
  private readonly queue: (() => void)[] = [];

  constructor() {
    super();
    // A driver that cannot do something lacks the method.
    Object.assign(this, { view: undefined, adopt: undefined, hostForward: undefined });
  }

  override write(block: Uint8Array, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.queue.push(() => super.write(block, copy));
  }

  override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
    this.queue.push(() => super.forward(p, io));
  }

  override free(block: Uint8Array): void {
    this.queue.push(() => super.free(block));
  }

  override read(block: Uint8Array, into: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push(() => void super.read(block, into).then(resolve, reject));
      setImmediate(() => this.flush());
    });
  }

  flush(): void {
    for (const run of this.queue.splice(0)) run();
  }

  override load(block: Uint8Array, dtype: FloatDType, count: number): Float32Array {
    return super.load(block, dtype, count).map((value) => (Math.abs(value) < 2 ** -126 ? 0 : value));
  }

  override sumOfSquares(row: Float32Array, count: number, scale: number): number {
    let sums: number[] = [];
    for (let first = 0; first < count; first += 8) {
      let sum = 0;
      for (let i = first; i < Math.min(first + 8, count); i++) sum = fround(sum + fround(fround(row[i]! * scale) ** 2));
      sums.push(sum);
    }
    while (sums.length > 1) {
      const pairs = Math.ceil(sums.length / 2);
      sums = Array.from({ length: pairs }, (_, i) => fround(sums[i]! + (sums[i + pairs] ?? 0)));
    }
    return sums[0]!;
  }

  override factor(r: number): number {
    return fround(fround(r) * (1 + 2 ** -23));
  }
}

expectToPass('queued work, float32 blocks and a tree, r off by an ulp, subnormals 0', () => new QueuedDriver());
