import { beforeEach, describe, expect, test } from 'vitest';
import { code, isGone } from '../../test/samples.ts';
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
    for (const type of [class {}, class Named extends Map {}, Map, Promise]) {
      expect(() => backend.tidy(type as never)).toThrow(code('INVALID_OPTION'));
    }
    const own = new TypeError("Class constructor X cannot be invoked without 'new'");
    const throwing = Object.freeze(() => {
      throw own;
    });
    expect(() => backend.tidy(throwing)).toThrow(own);
    await backend.dispose();
    expect(() => backend.tidy(() => 1)).toThrow(code('DISPOSED'));
  });

  test('a result whose then throws is no promise', () => {
    const held = (y: Tensor): { y: Tensor } =>
      Object.defineProperty({ y }, 'then', {
        get() {
          throw new Error('not yours');
        },
      });
    const result = backend.tidy(() => {
      make();
      return held(make());
    });
    expect([isGone(result.y), live()]).toEqual([false, 1]);
    backend.tidy(make).dispose();
    make();
    expect(live()).toBe(2);
  });

  test('the tensors of another copy of this package, and its norms', async () => {
    const copy: typeof import('../api/rms-norm.ts') = await import(`${'../api/rms-norm.ts'}?copy`);
    const norm = new copy.RMSNorm({ dim: 4, axis: -1 });
    const x = make();
    const y = backend.tidy(() => norm.forward(norm.forward(x)));
    expect([live(), isGone(y)]).toEqual([3, false]);
  });
});
