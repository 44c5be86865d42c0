import { RMSNormError } from '@rmsnorm/core';
import type { Random } from '../../../src/index.ts';

export interface MemoryChoice {
  /** Own arrays; a pool of larger blocks that come back dirty; memory that moves whenever something is allocated. */
  readonly kind: 'own' | 'pooled' | 'moving';
  /** When work runs: in the call, at the next read or flush, or by turns of the event loop. */
  readonly runs: 'at-once' | 'when-read' | 'later';
  readonly view: boolean;
  readonly wrap: boolean;
  /** A handle that is not the driver's own buffer. */
  readonly handle: boolean;
  readonly hostForward: boolean;
  readonly flush: boolean;
  readonly prepare: boolean;
}

export function drawMemory(random: Random): MemoryChoice {
  const half = (): boolean => random.uniform() < 0.5;
  const runs = random.pick(['at-once', 'at-once', 'when-read', 'later'] as const);
  return {
    kind: random.pick(['own', 'pooled', 'moving']),
    runs,
    view: runs === 'at-once' && half(),
    wrap: half(),
    handle: half(),
    hostForward: half(),
    flush: half(),
    prepare: half(),
  };
}

/** What a handle stands for: its bytes now. Those of moving memory are others after the next allocation. */
export interface Storage {
  bytes: Uint8Array;
  readonly asked: number;
}

/** What garbage reads as: a NaN in each dtype. */
const GARBAGE = 0xff;

export class Memory {
  readonly #kind: MemoryChoice['kind'];
  readonly #live = new Set<Storage>();
  readonly #pool = new Map<number, Uint8Array[]>();

  constructor(kind: MemoryChoice['kind']) {
    this.#kind = kind;
  }

  alloc(asked: number): Storage {
    if (asked > 2 ** 32) throw new RMSNormError('OUT_OF_MEMORY', `${asked} bytes asked for, there are ${2 ** 32}`);
    if (this.#kind === 'moving') this.#move();
    const storage = { bytes: this.#kind === 'pooled' ? this.#take(asked) : new Uint8Array(asked), asked };
    if (this.#kind === 'own') storage.bytes.fill(GARBAGE);
    this.#live.add(storage);
    return storage;
  }

  /** @throws RMSNormError DEVICE_ERROR where it is not live */
  free(storage: Storage): void {
    if (!this.#live.delete(storage)) throw new RMSNormError('DEVICE_ERROR', 'memory is freed that is not live');
    storage.bytes.fill(GARBAGE);
    if (this.#kind === 'pooled') this.#pool.get(storage.bytes.length)!.push(storage.bytes);
  }

  #take(asked: number): Uint8Array {
    const size = Math.max(256, 2 ** Math.ceil(Math.log2(asked)));
    const free = this.#pool.get(size);
    if (!free) this.#pool.set(size, []);
    return free?.pop() ?? new Uint8Array(size).fill(GARBAGE);
  }

  /** As a heap that grows: what was there is copied, and the old memory is garbage. Small memory only, to save time. */
  #move(): void {
    for (const storage of this.#live) {
      if (storage.asked > 4096) continue;
      const moved = storage.bytes.slice();
      storage.bytes.fill(GARBAGE);
      storage.bytes = moved;
    }
  }
}
