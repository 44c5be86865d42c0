import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { RMSNorm } from '../api/rms-norm.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import type { Backend, Tensor } from './backend.ts';
import { createBackend } from './create-backend.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Some turns of the event loop with collections between them: finalizers run in turns of their own. */
async function collected(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    collect();
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
}

let driver: ReferenceDriver;
let backend: Backend;
beforeEach(() => {
  driver = new ReferenceDriver();
  backend = createBackend(driver);
});

const said: unknown[] = [];
vi.spyOn(console, 'warn').mockImplementation((...texts) => void said.push(texts));

const rows = (bytes: number): number[] => [bytes / 4];

describe('tensors that nobody disposed of', () => {
  test.each([64, 1024, 64 * 1024, 2 ** 20])('are freed after they were collected: %i bytes each', async (bytes) => {
    const free = vi.spyOn(driver, 'free');
    (() => {
      for (let i = 0; i < 50; i++) backend.empty(rows(bytes));
      backend.tensor(new Float32Array(bytes / 4), rows(bytes));
    })();
    expect(backend.memory()).toEqual({ tensors: 51, bytes: 51 * bytes });
    await collected();
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    expect(free).toHaveBeenCalledTimes(51);
  });

  test('those that live keep their memory, and less than 64 KiB of others', async () => {
    const kept = (() => {
      const tensors = Array.from({ length: 100 }, (_, i) => backend.tensor([i, ...new Array(1023).fill(i)], [1024]));
      for (let i = 0; i < 20; i++) backend.empty(rows(2 ** 20));
      return [tensors[3]!, tensors[50]!];
    })();
    await collected();
    expect(await Promise.all(kept.map(async (tensor) => (await tensor.data())[7]))).toEqual([3, 50]);
    expect(backend.memory().bytes).toBeLessThanOrEqual(2 * 64 * 1024);
    for (const tensor of kept) tensor.dispose();
    await collected();
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
  });

  test('what was disposed of is not freed twice', async () => {
    const free = vi.spyOn(driver, 'free');
    (() => {
      const tensors = Array.from({ length: 40 }, () => backend.empty([8]));
      for (const tensor of tensors.slice(0, 30)) tensor.dispose();
    })();
    await collected();
    expect(free).toHaveBeenCalledTimes(40);
    expect(new Set(free.mock.calls.map(([buffer]) => buffer)).size).toBe(40);
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
  });

  test("a norm's uploads go with the norm, and memory of the caller's is only forgotten", async () => {
    const memory = new Float32Array(8);
    const x = backend.empty([2, 4]);
    // What is made in one turn may share the fate of x.
    await Promise.resolve();
    (() => {
      new RMSNorm({ dim: 4, axis: -1, bias: true }).forward(x);
      backend.wrap(memory, [2, 4]);
    })();
    expect(backend.memory().tensors).toBe(5);
    await collected();
    expect(backend.memory()).toEqual({ tensors: 1, bytes: 32 });
    expect(x.shape).toEqual([2, 4]);
  });

  test('a handle that was given out may be held by others: only dispose frees then', async () => {
    let handle: unknown;
    (() => {
      handle = backend.tensor([1, 2], [2]).buffer;
    })();
    await collected();
    expect(backend.memory().tensors).toBe(1);
    expect(handle).toBeInstanceOf(Uint8Array);
  });

  test.each<[string, (tensor: Tensor) => unknown]>([
    ['a view', (tensor) => tensor.view!()],
    ['a part of one', (tensor) => tensor.view!().subarray(1)],
    ['another array over it', (tensor) => new DataView(tensor.view!().buffer)],
    ['a tensor over a part of it', (tensor) => backend.wrap(tensor.view!().subarray(1), [1])],
  ])('%s may be held by others: only dispose frees then', async (_what, of) => {
    const held = (() => of(backend.tensor([1, 2], [2])))();
    const free = vi.spyOn(driver, 'free');
    await collected();
    expect(free).not.toHaveBeenCalled();
    expect(held).toBeTruthy();
  });

  test('what console.log shows is no view that others hold', async () => {
    (() => {
      inspect(backend.tensor([1, 2], [2]));
    })();
    await collected();
    expect(backend.memory().tensors).toBe(0);
  });

  test('a driver that fails to free, and a backend that is gone, do not end the process', async () => {
    driver.free = () => {
      throw new Error('the device is gone');
    };
    (() => {
      backend.empty([8]);
    })();
    await collected();
    const other = createBackend(new ReferenceDriver());
    (() => {
      other.empty([8]);
    })();
    await other.dispose();
    await collected();
    expect(other.memory()).toEqual({ tensors: 0, bytes: 0 });
  });

  test('an async tidy that nothing can settle any more keeps nothing', async () => {
    const hung = [
      backend.tidy(async () => {
        backend.empty(rows(2 ** 20));
        await new Promise(() => {});
        return backend;
      }),
      backend.tidy(() => new Promise(() => {})),
    ];
    let release: ((value: unknown) => void) | undefined;
    const settles = backend.tidy(() => new Promise((resolve) => (release = resolve)));
    await Promise.resolve();
    const make = (): void => void backend.empty(rows(2 ** 20));
    make();
    await collected();
    // That may still return it.
    expect(backend.memory().tensors).toBe(1);
    release!(undefined);
    await settles;
    expect(backend.memory().tensors).toBe(0);
    make();
    await collected();
    expect(backend.memory().tensors).toBe(0);
    expect(hung).toHaveLength(2);
  });

  test('the net keeps neither tensors nor the backend', async () => {
    const [tensor, owner] = (() => {
      const made = createBackend(new ReferenceDriver());
      return [new WeakRef(made.empty([2 ** 20])), new WeakRef(made)];
    })();
    await collected();
    expect([tensor.deref(), owner.deref()]).toEqual([undefined, undefined]);
  });
});

test('it is said, once in a process', async () => {
  for (let i = 0; i < 3; i++) {
    (() => {
      backend.empty([2 ** 20]);
    })();
    await collected();
  }
  expect(said).toEqual([
    [expect.stringMatching(/^RMSNorm: .* were dropped without dispose\(\): \d+ bytes, .* backend 'reference'/)],
  ]);
});
