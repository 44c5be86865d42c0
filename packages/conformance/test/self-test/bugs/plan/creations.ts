import { type AbortSignalLike, type Backend, type BackendProvider, createBackend, throwIfAborted } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { PlainDriver } from '../../plain-driver.ts';
import { providerOf } from '../../provider.ts';

type Create = BackendProvider['create'];

function creating(create: Create): BackendProvider {
  return { ...providerOf(() => new PlainDriver()), create };
}

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** A plain driver that is no longer there once it is disposed of. */
class MortalDriver extends PlainDriver {
  private alive = true;
  override alloc(bytes: number): Uint8Array {
    if (!this.alive) throw new Error('the device is gone');
    return super.alloc(bytes);
  }
  override dispose(): void {
    this.alive = false;
  }
}

/** create(), several times at once. */
export const CREATION_BUGS: readonly Bug[] = [
  {
    name: 'create() at once gives one backend',
    fault: 'keeps the promise of a backend that is being made, and gives it to all who ask meanwhile',
    caughtBy: /^backend\/lifecycle:of=created-at-once/,
    planted: () => {
      let pending: Promise<Backend> | null = null;
      return creating(async (options = {}) => {
        throwIfAborted(options.signal);
        pending ??= aMoment().then(() => {
          pending = null;
          return createBackend(new PlainDriver());
        });
        return pending;
      });
    },
  },
  {
    name: 'create() at once shares a driver',
    fault: 'has one driver under all backends that are made at once: it goes with the first of them',
    caughtBy: /^backend\/lifecycle:of=created-at-once/,
    planted: () => {
      let pending: Promise<MortalDriver> | null = null;
      return creating(async (options = {}) => {
        throwIfAborted(options.signal);
        pending ??= aMoment().then(() => {
          pending = null;
          return new MortalDriver();
        });
        return createBackend(await pending);
      });
    },
  },
  {
    name: 'an aborted create() takes another with it',
    fault: 'has one signal for all that is being made',
    caughtBy: /^backend\/lifecycle:of=create-aborted-beside/,
    planted: () => {
      const signals = new Set<AbortSignalLike>();
      return creating(async (options = {}) => {
        const { signal } = options;
        throwIfAborted(signal);
        if (signal) signals.add(signal);
        await aMoment();
        const aborted = [...signals].find((entry) => entry.aborted);
        if (aborted) throw aborted.reason;
        return createBackend(new PlainDriver());
      });
    },
  },
  {
    name: 'dispose() takes a backend with it that is being made',
    fault: 'disposes of the device that is the latest when it comes to that, not of its own',
    caughtBy: /^backend\/lifecycle:of=created-while/,
    planted: () => {
      let latest: MortalDriver;
      return creating(async (options = {}) => {
        throwIfAborted(options.signal);
        await aMoment();
        latest = new MortalDriver();
        const dispose = async (): Promise<void> => {
          await aMoment();
          MortalDriver.prototype.dispose.call(latest);
        };
        return createBackend(Object.assign(latest, { dispose }));
      });
    },
  },
];
