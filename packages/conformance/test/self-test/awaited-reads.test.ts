import { RMSNormError } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { listCases, runConformance } from '../../src/index.ts';
import { OperationsDriver } from './operations-driver.ts';
import { providerOf } from './provider.ts';

/** Reads reject now and then, and calls throw: a case that began two reads may not come to await either. */
class FailingDriver extends OperationsDriver {
  readonly #every: number;
  #reads = 0;
  #writes = 0;

  constructor(every: number) {
    super();
    this.#every = every;
  }

  override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
    if (++this.#reads % this.#every === 0) throw new RMSNormError('DEVICE_ERROR', 'the read failed');
    return super.read(block, into);
  }

  override write(block: Uint8Array, bytes: Uint8Array): void {
    if (++this.#writes % (3 * this.#every) === 0) throw new RMSNormError('DEVICE_ERROR', 'the write failed');
    super.write(block, bytes);
  }
}

/** Two cases for each first parameter of a family, `forward/isolation:check=order`: what begins several reads is named there. */
const taken = new Map<string, number>();
const ids = new Set(
  listCases().flatMap(({ id }) => {
    const kind = id.split(',', 1)[0]!.replace(/\d.*/, '');
    taken.set(kind, (taken.get(kind) ?? 0) + 1);
    return taken.get(kind)! <= 2 ? id : [];
  }),
);

test.each([1, 2])('no case leaves a read without a handler that rejects: every read of %i', async (every) => {
  expect(ids).toContain('forward/isolation:check=order,dtype=float32,shape=1x1');
  const report = await runConformance(
    providerOf(() => new FailingDriver(every)),
    { filter: (id) => ids.has(id) },
  );
  expect(report.failed).toBeGreaterThan(report.results.length / 10);
  expect(report.results.filter(({ message = '' }) => message.includes('nobody waits for'))).toEqual([]);
});
