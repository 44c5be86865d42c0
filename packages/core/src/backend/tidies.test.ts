import { beforeEach, describe, expect, test } from 'vitest';
import { code } from '../../test/samples.ts';
import { RMSNorm } from '../api/rms-norm.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import type { Backend, Tensor } from './backend.ts';
import { createBackend } from './create-backend.ts';

let backend: Backend;
beforeEach(() => {
  backend = createBackend(new ReferenceDriver());
});

const make = (): Tensor => backend.empty([2, 4]);
const live = (): number => backend.memory().tensors;
const isGone = (tensor: Tensor): boolean => {
  try {
    return !tensor.buffer;
  } catch {
    return true;
  }
};

describe('tidy', () => {
  test('leaves a generator that is returned as it is', () => {
    const numbers = (function* () {
      yield 1;
    })();
    expect([...backend.tidy(() => numbers)]).toEqual([1]);
  });

  test('disposes of what was made in it, and gives back what the function returns', () => {
    const before = make();
    const norm = new RMSNorm({ dim: 4, axis: -1, affine: false });
    let between: Tensor | undefined;
    const y = backend.tidy(() => {
      between = norm.forward(before);
      return norm.forward(between);
    });
    expect([isGone(before), isGone(between!), isGone(y)]).toEqual([false, true, false]);
    expect(live()).toBe(2);
    expect(backend.tidy(() => 7)).toBe(7);
    expect(backend.tidy(() => undefined)).toBeUndefined();
    expect(backend.tidy(() => before)).toBe(before);
    expect(live()).toBe(2);
  });

  test('all results of an operation live on', () => {
    const norm = new RMSNorm({ dim: 4, axis: -1, bias: true });
    const { dx, dgamma, dbeta } = backend.tidy(() => norm.backward(make(), make()));
    expect([dx, dgamma!, dbeta!].map(isGone)).toEqual([false, false, false]);
    norm.dispose();
    expect(live()).toBe(3);
  });

  const cyclic = (y: Tensor): unknown => {
    const object: Record<string, unknown> = { y };
    object.self = object;
    return object;
  };
  test.each<[string, (y: Tensor) => unknown]>([
    ['a list', (y) => [y]],
    ['objects and lists in each other', (y) => ({ deep: { deeper: [[y]] } })],
    ['the values of a Map', (y) => new Map([['y', y]])],
    ['the keys of a Map', (y) => new Map([[y, 1]])],
    ['a Set', (y) => new Set([y])],
    ['an object without prototype', (y) => Object.assign(Object.create(null), { y })],
    ['an object that holds itself', cyclic],
    ['other things beside it', (y) => ({ numbers: new Float32Array(3), text: 'y', nothing: null, backend, y })],
    ['a long list', (y) => [...new Array(200_000).fill(0), y]],
    ['a promise', async (y) => ({ y })],
  ])('a tensor in what is returned lives on: %s', async (_name, holding) => {
    let y: Tensor | undefined;
    await backend.tidy(() => {
      make();
      y = make();
      return holding(y);
    });
    expect([isGone(y!), live()]).toEqual([false, 1]);
  });

  test('of nested ones each disposes of its own, and hands on what it returns', () => {
    const outer: Tensor[] = [];
    const y = backend.tidy(() => {
      outer.push(make());
      const inner = backend.tidy(() => {
        make();
        return [make(), make()] as const;
      });
      expect(live()).toBe(3);
      return inner[0];
    });
    expect(live()).toBe(1);
    expect(isGone(y)).toBe(false);
  });

  test.each<[string, (y: Tensor) => unknown]>([
    ['under a symbol', (y) => ({ [Symbol('y')]: y })],
    ['at a key that is not enumerable', (y) => Object.defineProperty({}, 'y', { value: y })],
    ['of an array, beside its elements', (y) => Object.assign([1], { y })],
    ['of a function', (y) => Object.assign(() => {}, { y })],
    ['of a Map, beside its entries', (y) => Object.assign(new Map(), { y })],
    ['as a key of a Map', (y) => new Map([[y, 1]])],
    [
      'in a Map that is named otherwise',
      (y) => Object.defineProperty(new Map([[1, y]]), Symbol.toStringTag, { value: 'Own' }),
    ],
    ['in what is named a Map and is none', (y) => ({ [Symbol.toStringTag]: 'Map', y })],
    [
      'beside a getter that throws, and a Proxy that was revoked',
      (y) => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return {
          proxy,
          y,
          get trap() {
            throw new Error('not yours');
          },
        };
      },
    ],
    ['in an array of 2^32 - 1 holes', (y) => Object.assign(new Array(2 ** 32 - 1), { 7: y })],
  ])('a tensor lives on %s', (_where, held) => {
    let y: Tensor | undefined;
    const result = backend.tidy(() => {
      make();
      y = make();
      return held(y);
    });
    expect(result).toBeTruthy();
    expect(isGone(y!)).toBe(false);
    expect(live()).toBe(1);
  });

  test('where the function throws, or its promise rejects, nothing is left', async () => {
    const error = new Error('enough');
    const failing = (): never => {
      make();
      throw error;
    };
    expect(() => backend.tidy(failing)).toThrow(error);
    expect(() => backend.tidy(() => [make(), backend.tidy(failing)])).toThrow(error);
    await expect(
      backend.tidy(async () => {
        make();
        await null;
        make();
        throw error;
      }),
    ).rejects.toBe(error);
    expect(live()).toBe(0);
    make();
    expect(live()).toBe(1);
  });

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

  test('what a norm uploads stays, and so does what apply uses', async () => {
    const norm = new RMSNorm({ dim: 4, axis: -1, bias: true });
    const x = make();
    backend.tidy(() => void norm.forward(x));
    expect(live()).toBe(3);
    expect(() => norm.forward(x).dispose()).not.toThrow();
    const host = { dtype: 'float32', shape: [1, 4], data: Float32Array.of(1, 1, 1, 1) } as const;
    let applied: Promise<{ readonly data: Float32Array }> | undefined;
    backend.tidy(() => {
      applied = norm.apply(host, backend);
    });
    for (const value of (await applied!).data) expect(value).toBeCloseTo(1, 5);
    expect(live()).toBe(3);
  });

  test('refuses what is no function, and a backend that is gone', async () => {
    expect(() => backend.tidy(make() as never)).toThrow(code('INVALID_OPTION'));
    await backend.dispose();
    expect(() => backend.tidy(() => 1)).toThrow(code('DISPOSED'));
  });

  test('the tensors of another copy of this package, and its norms', async () => {
    const copy: typeof import('../api/rms-norm.ts') = await import(`${'../api/rms-norm.ts'}?copy`);
    const norm = new copy.RMSNorm({ dim: 4, axis: -1 });
    const x = make();
    const y = backend.tidy(() => norm.forward(norm.forward(x)));
    expect([live(), isGone(y)]).toEqual([3, false]);
  });
});
