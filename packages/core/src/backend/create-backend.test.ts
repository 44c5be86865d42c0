import { describe, expect, test, vi } from 'vitest';
import { code } from '../../test/samples.ts';
import { RMSNorm } from '../api/rms-norm.ts';
import type { Driver } from '../driver/driver.ts';
import type { Supports } from '../driver/supports.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { RMSNormError } from '../values/errors.ts';
import type { Float16ArrayLike } from '../values/host-data.ts';
import { createBackend } from './create-backend.ts';

function driverWith(supports: Partial<Supports>): Driver<Uint8Array> {
  return Object.assign(new ReferenceDriver(), { supports: { ...new ReferenceDriver().supports, ...supports } });
}

describe('tensor', () => {
  const backend = createBackend(new ReferenceDriver());

  test('takes every kind of data, and gives a copy back', async () => {
    const data = Float32Array.of(1, 2, 3);
    const tensor = backend.tensor(data, [3]);
    data[0] = 9;
    expect(await tensor.data()).toEqual(Float32Array.of(1, 2, 3));
    expect(await backend.tensor([1, 0.1], [2]).data()).toEqual(Float32Array.of(1, 0.1));
    expect(await backend.tensor([1, 0.1], [2], 'float16').data()).toEqual(Uint16Array.of(0x3c00, 0x2e66));
    expect(await backend.tensor(Uint16Array.of(1, 2), [2], 'bfloat16').data()).toEqual(Uint16Array.of(1, 2));
    expect(await backend.tensor([], [0, 4]).data()).toEqual(new Float32Array());
    expect(await backend.tensor([7], []).data()).toEqual(Float32Array.of(7));
  });

  test('has a shape of its own, which nobody changes', () => {
    const shape = [1, 4];
    const x = backend.empty(shape);
    shape[1] = 2;
    expect(backend.empty(shape).shape).toEqual([1, 2]);
    expect(x.shape).toEqual([1, 4]);
    const norm = new RMSNorm({ dim: 4, bias: true });
    const { dx, dgamma, dbeta } = norm.backward(x, x);
    const { q, scales } = norm.forwardQuantized(x);
    for (const tensor of [x, norm.forward(x), norm.sumSquares(x), dx, dgamma!, dbeta!, q, scales]) {
      expect(Object.isFrozen(tensor.shape)).toBe(true);
    }
  });

  test('a Float16Array, by its name alone, is float16', async () => {
    class Float16Array extends Uint16Array {
      override get [Symbol.toStringTag](): never {
        return 'Float16Array' as never;
      }
    }
    const tensor = backend.tensor(new Float16Array([0x3c00]) as unknown as Float16ArrayLike, [1]);
    expect(tensor.dtype).toBe('float16');
    expect(await tensor.data()).toEqual(Uint16Array.of(0x3c00));
  });

  test.each<[string, unknown, unknown, unknown]>([
    ['DTYPE', Uint16Array.of(1), [1], undefined],
    ['DTYPE', Uint16Array.of(1), [1], 'float32'],
    ['DTYPE', new Float64Array(1), [1], undefined],
    ['DTYPE', null, [1], undefined],
    ['DTYPE', 'abc', [3], undefined],
    ['DTYPE', [1], [1], 'float64'],
    ['DTYPE', [1], [1], 'int8'],
    ['SHAPE', [1, 2], [3], undefined],
    ['SHAPE', [1], [1.5], undefined],
    ['SHAPE', [1], [-1], undefined],
    ['SHAPE', [1], 1, undefined],
    ['SHAPE', [1], [2 ** 40, 2 ** 40], undefined],
  ])('%s for data %s, shape %j, dtype %s', (expected, data, shape, dtype) => {
    const before = backend.memory();
    expect(() => backend.tensor(data as number[], shape as number[], dtype as 'float32')).toThrow(code(expected));
    expect(backend.memory()).toEqual(before);
  });

  test('a write that fails leaves nothing behind', () => {
    const driver = new ReferenceDriver();
    const failing = createBackend(
      Object.assign(driver, {
        write: () => {
          throw new RMSNormError('DEVICE_LOST', 'gone');
        },
      }),
    );
    expect(() => failing.tensor([1], [1])).toThrow(code('DEVICE_LOST'));
    expect(failing.memory()).toEqual({ tensors: 0, bytes: 0 });
  });
});

describe('books and life cycle', () => {
  test('memory counts what was allocated, in whole words, and wrapped memory not at all', () => {
    const backend = createBackend(new ReferenceDriver());
    const a = backend.empty([3], 'float16');
    const b = backend.empty([0]);
    expect(backend.memory()).toEqual({ tensors: 2, bytes: 12 });
    const c = backend.wrap(new Float32Array(4), [4]);
    expect(backend.memory()).toEqual({ tensors: 3, bytes: 12 });
    for (const tensor of [a, b, c, a]) tensor.dispose();
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
  });

  test('wrap shares memory; a driver that cannot says so', async () => {
    const backend = createBackend(new ReferenceDriver());
    const memory = Float32Array.of(3, 4);
    const x = backend.wrap(memory, [1, 2]);
    const norm = new RMSNorm({ dim: 2, eps: 0, affine: false });
    norm.forward(x, x);
    expect([...memory].map((value) => value.toFixed(6))).toEqual(['0.848528', '1.131371']);
    expect(() => backend.wrap(memory, [3])).toThrow(code('SHAPE'));
    expect(() => backend.wrap(3, [1])).toThrow(code('FOREIGN_TENSOR'));
    const without = createBackend(driverMethods() as unknown as Driver<Uint8Array>);
    expect(() => without.wrap(memory, [2])).toThrow(code('UNSUPPORTED'));
  });

  test('use after dispose is DISPOSED', async () => {
    const backend = createBackend(new ReferenceDriver());
    const tensor = backend.tensor([1], [1]);
    tensor.dispose();
    await expect(tensor.data()).rejects.toThrow(code('DISPOSED'));
    expect(() => tensor.buffer).toThrow(code('DISPOSED'));
    expect(() => tensor.view?.()).toThrow(code('DISPOSED'));

    const kept = backend.tensor([1], [1]);
    await backend.dispose();
    await backend.dispose();
    kept.dispose();
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    await expect(kept.data()).rejects.toThrow(code('DISPOSED'));
    expect(() => backend.tensor([1], [1])).toThrow(code('DISPOSED'));
    expect(() => backend.empty([1])).toThrow(code('DISPOSED'));
    expect(() => backend.flush()).toThrow(code('DISPOSED'));
    await expect(backend.prepare(new RMSNorm(1), [[1, 1]])).rejects.toThrow(code('DISPOSED'));
  });

  test('a driver prepares for problems that are not empty, and is told what calls they come with', async () => {
    const driver = Object.assign(new ReferenceDriver(), { prepare: vi.fn(async () => {}) });
    const backend = createBackend(driver);
    const norm = new RMSNorm({ dim: 4, axis: -1, bias: true });
    await backend.prepare(norm, [
      [2, 4],
      [0, 4],
    ]);
    const uses = { ops: ['forward'], gamma: true, beta: true, normBeforeGate: false };
    expect(driver.prepare).toHaveBeenLastCalledWith([expect.objectContaining({ outer: 2, dtype: 'float32' })], uses);
    await backend.prepare(norm, [[3, 4]], { dtype: 'float16', ops: ['addForward', 'backward'] });
    expect(driver.prepare).toHaveBeenLastCalledWith([expect.objectContaining({ outer: 3, dtype: 'float16' })], {
      ...uses,
      ops: ['addForward', 'backward'],
    });
  });

  test('a driver is disposed once, after the backend has closed', async () => {
    const driver = new ReferenceDriver();
    const dispose = vi.spyOn(driver, 'dispose');
    const backend = createBackend(driver);
    await Promise.all([backend.dispose(), backend[Symbol.asyncDispose]()]);
    expect(dispose).toHaveBeenCalledTimes(1);
  });

  test('tensors and norms dispose at the end of a using block', () => {
    const backend = createBackend(new ReferenceDriver());
    const tensor = backend.empty([1]);
    tensor[Symbol.dispose]();
    expect(backend.memory().tensors).toBe(0);
  });

  test('data with an aborted signal rejects with its reason, also in the middle', async () => {
    const driver = new ReferenceDriver();
    const backend = createBackend(driver);
    const tensor = backend.tensor([1], [1]);
    const reason = new Error('enough');
    await expect(tensor.data({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    driver.read = () => new Promise(() => {});
    const controller = new AbortController();
    const pending = tensor.data({ signal: controller.signal });
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });
});

describe('supports', () => {
  test('is a frozen copy', () => {
    const { supports } = createBackend(driverWith({ limits: { forward: { dtypes: ['float32'] } } }));
    expect(Object.isFrozen(supports)).toBe(true);
    for (const list of [supports.ops, supports.features, supports.limits, supports.limits?.forward?.dtypes]) {
      expect(Object.isFrozen(list)).toBe(true);
    }
  });

  test.each<[Partial<Record<keyof Supports, unknown>>, string]>([
    [{ ops: ['sideways'] }, "'sideways' in supports.ops"],
    [{ dtypes: ['float64'] }, 'supports.dtypes'],
    [{ features: ['speed'] }, 'supports.features'],
    [{ promises: ['moon'] }, 'supports.promises'],
    [{ accuracy: 'best' }, 'supports.accuracy'],
    [{ limits: { forward: { features: ['speed'] } } }, 'supports.limits.forward.features'],
  ])('%j is refused', (supports, message) => {
    expect(() => createBackend(driverWith(supports as Partial<Supports>))).toThrow(message);
  });

  test('an operation that is declared but not there is refused', () => {
    const driver = driverMethods(['forward', 'backward']) as unknown as Driver<Uint8Array>;
    expect(() => createBackend(driver)).toThrow('has no backward()');
  });

  test.each<[Partial<Supports>, () => RMSNorm, number[], string]>([
    [{ features: [] }, () => new RMSNorm(4), [2, 4, 3], "'inner'"],
    [{ features: [] }, () => new RMSNorm(4, 2), [2, 4], "'groups'"],
    [{ features: [] }, () => new RMSNorm({ dim: 4, partial: 0.5 }), [2, 4], "'partial'"],
    [{ features: [] }, () => new RMSNorm({ dim: 4, epsMode: 'clamp' }), [2, 4], "'clamp'"],
    [{ features: [] }, () => new RMSNorm({ dim: 4, bias: true }), [2, 4], "'beta'"],
    [{ features: [] }, () => new RMSNorm({ dim: 4, weightOffset: 1 }), [2, 4], "'weightOffset'"],
    [{ features: [] }, () => new RMSNorm({ dim: 4, casting: 'llama' }), [2, 4], "'llama'"],
    [{ dtypes: ['float16'] }, () => new RMSNorm(4), [2, 4], "dtype 'float32'"],
    [{ limits: { forward: { dtypes: ['float16'] } } }, () => new RMSNorm(4), [2, 4], "dtype 'float32'"],
    [{ limits: { forward: { features: [] } } }, () => new RMSNorm(4, 2), [2, 4], "'groups'"],
    [{ ops: [] }, () => new RMSNorm(4), [2, 4], "operation 'forward'"],
  ])('%j refuses what it does not name', (supports, norm, shape, message) => {
    const driver = driverWith(supports);
    const forward = vi.spyOn(driver, 'forward');
    const backend = createBackend(driver);
    const x = backend.empty(shape);
    expect(() => norm().forward(x)).toThrow(code('UNSUPPORTED'));
    expect(() => norm().forward(x)).toThrow(message);
    expect(forward).not.toHaveBeenCalled();
    expect(backend.memory().tensors).toBe(1);
  });

  test('a saved rstd needs its feature', () => {
    const backend = createBackend(driverWith({ features: [] }));
    const rstd = backend.empty([2, 1, 1]);
    expect(() => new RMSNorm(4).forward(backend.empty([2, 4]), { rstd })).toThrow("'rstd'");
  });
});

/** A driver's methods as own properties, without those that it may leave out. */
function driverMethods(ops: Supports['ops'] = ['forward']): Record<string, unknown> {
  const driver = new ReferenceDriver();
  const { name, device, supports } = driver;
  const bound = ['alloc', 'free', 'write', 'read', 'forward', 'dispose'] as const;
  return {
    name,
    device,
    supports: { ...supports, ops },
    ...Object.fromEntries(bound.map((method) => [method, driver[method].bind(driver)])),
  };
}
