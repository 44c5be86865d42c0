import { OPS, type Op } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { AroundDriver, type DriverCall } from './around.ts';

type Run = (p: DriverCall['p'], io: DriverCall['io']) => void;

/** Queues all work until something is read; the parameters of a call wait in a ring, which does not wait for the calls. */
class RingDriver extends AroundDriver {
  protected readonly length: number = 64;
  protected takes(_op: Op): boolean {
    return true;
  }
  private readonly ring: DriverCall['p'][] = [];
  private next = 0;
  private queue: (() => void)[] = [];

  protected override around({ op, p, io }: DriverCall, run: Run): void {
    const slot = this.next % this.length;
    const taken = this.takes(op);
    if (taken) {
      this.ring[slot] = p;
      this.next++;
    }
    this.queue.push(() => run(taken ? this.mixed(op, p, this.ring[slot]!) : p, io));
  }

  /** The counts of the call itself, so that nothing is read beyond its memory. */
  private mixed(op: Op, p: DriverCall['p'], { eps, alpha, size }: DriverCall['p']): DriverCall['p'] {
    if (op !== 'sumSquares') return { ...p, eps, alpha };
    return { ...p, size: Math.min(p.size, size), statSize: Math.min(p.size, size) };
  }

  override write(block: Uint8Array, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.queue.push(() => super.write(block, copy));
  }
  override free(block: Uint8Array): void {
    this.queue.push(() => super.free(block));
  }
  override view(block: Uint8Array): Uint8Array {
    this.flush();
    return block;
  }
  override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
    this.flush();
    return super.read(block, into);
  }
  flush(): void {
    const { queue } = this;
    this.queue = [];
    for (const work of queue) work();
  }
}

function ringOf(length: number, op: Op | null): new () => RingDriver {
  return class extends RingDriver {
    protected override readonly length: number = length;
    protected override takes(called: Op): boolean {
      return op === null || op === called;
    }
  };
}

/** Blocks of parameters that later calls overwrite before they were used. */
export const RING_BUGS: readonly Bug[] = [
  ...[64, 256, 1024].map(
    (length): Bug => ({
      name: `${length} parameter blocks for all operations`,
      fault: `call ${length + 1} overwrites the parameters of the first, though nobody has read anything yet`,
      caughtBy: /^backend\/plan:calls/,
      planted: ringOf(length, null),
    }),
  ),
  ...OPS.map(
    (op, i): Bug => ({
      name: `${[64, 256, 1024][i % 3]} parameter blocks for ${op}`,
      fault: 'a later call overwrites the parameters of one that has not run',
      caughtBy: new RegExp(`^${op}/plan:calls`),
      planted: ringOf([64, 256, 1024][i % 3]!, op),
    }),
  ),
];
