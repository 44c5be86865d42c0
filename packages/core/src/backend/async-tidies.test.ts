import { beforeEach, describe, expect, test } from 'vitest';
import { isGone } from '../../test/samples.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import type { Backend, Tensor } from './backend.ts';
import { createBackend } from './create-backend.ts';

let backend: Backend;
beforeEach(() => {
  backend = createBackend(new ReferenceDriver());
});

const make = (): Tensor => backend.empty([2, 4]);
const live = (): number => backend.memory().tensors;

describe('tidy of an async function', () => {
  test('an async function: what is made until its promise settles', async () => {
    const kept = await backend.tidy(async () => {
      const a = make();
      await new Promise((resolve) => setTimeout(resolve, 1));
      const b = make();
      const inner = backend.tidy(() => {
        make();
        return make();
      });
      expect([isGone(a), isGone(b), isGone(inner), live()]).toEqual([false, false, false, 3]);
      return b;
    });
    expect([live(), isGone(kept)]).toEqual([1, false]);
    // What has a then is awaited, though it be no Promise.
    const thenable = { ['then' as string]: (resolve: (value: unknown) => void) => resolve(make()) };
    await backend.tidy(() => thenable);
    expect(live()).toBe(2);
  });

  test('of async ones at once each keeps what it returns, and no tensor goes while one that saw it made runs', async () => {
    const gates: (() => void)[] = [];
    const wait = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
    const work = async (): Promise<Tensor> => {
      const x = make();
      await wait();
      const z = make();
      expect([isGone(x), isGone(z)]).toEqual([false, false]);
      await wait();
      expect([isGone(x), isGone(z)]).toEqual([false, false]);
      return backend.tidy(() => [z, make()])[1]!;
    };
    const open = async (index: number): Promise<void> => {
      gates[index]!();
      await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const [first, second] = [backend.tidy(work), backend.tidy(work)];
    await open(0);
    await open(1);
    await open(2);
    const y = await first;
    // The second still runs: what was made meanwhile may be its own.
    expect(isGone(y)).toBe(false);
    await open(3);
    const results = [y, await second];
    expect(results.map(isGone)).toEqual([false, false]);
    expect(live()).toBe(2);
  });

  test('one that is called in another, and awaited there, hands on to it', async () => {
    await backend.tidy(async () => {
      const inner = await backend.tidy(async () => {
        make();
        await null;
        return make();
      });
      expect(isGone(inner)).toBe(false);
    });
    expect(live()).toBe(0);
  });

  test('one that is called in another behind an await hands on to it, and so does one in that', async () => {
    const inner = async (): Promise<Tensor> => {
      await null;
      const tensor = await backend.tidy(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return make();
      });
      expect(isGone(tensor)).toBe(false);
      return tensor;
    };
    const seen = await backend.tidy(async () => {
      await null;
      const tensors = [await backend.tidy(inner), await backend.tidy(inner)];
      expect(tensors.map(isGone)).toEqual([false, false]);
      return tensors.map((tensor) => () => tensor);
    });
    expect([seen.map((tensor) => isGone(tensor())), live()]).toEqual([[true, true], 0]);
  });

  test('those that begin in one go keep what they return, whichever settles first', async () => {
    for (const waits of [
      [1, 20],
      [20, 1],
    ]) {
      const work = async (wait: number): Promise<Tensor> => {
        make();
        await new Promise((resolve) => setTimeout(resolve, wait));
        make();
        return make();
      };
      const running = waits.map((wait) => backend.tidy(() => work(wait)));
      // Not theirs: they have not gone on yet.
      const own = [make(), backend.tidy(make)];
      const results = [...own, ...(await Promise.all(running))];
      expect([results.map(isGone), live()]).toEqual([[false, false, false, false], 4]);
      for (const tensor of results) tensor.dispose();
    }
  });
});
