import { beforeEach, describe, expect, test, vi } from 'vitest';
import { code } from '../../test/samples.ts';
import type { Backend } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { presets } from '../options/presets.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { encode } from '../values/encoding.ts';
import type { HostTensor } from '../values/host-data.ts';
import { rmsNorm } from './functions.ts';
import { RMSNorm } from './rms-norm.ts';

const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

let driver: ReferenceDriver;
let backend: Backend;
beforeEach(() => {
  driver = new ReferenceDriver();
  backend = createBackend(driver);
});

describe('forward', () => {
  test('the first example: (2, 512, 4, 4) with no further option has RMS 1', async () => {
    const y = (await new RMSNorm(512, 1)
      .forward(backend.tensor(ramp(2 * 512 * 16), [2, 512, 4, 4]))
      .data()) as Float32Array;
    for (let batch = 0; batch < 2; batch++) {
      for (let i = 0; i < 16; i++) {
        let sum = 0;
        for (let c = 0; c < 512; c++) sum += y[batch * 8192 + c * 16 + i]! ** 2;
        expect(Math.sqrt(sum / 512)).toBeCloseTo(1, 5);
      }
    }
  });

  test('the old numbers come back through presets.zeta', async () => {
    const old = await new RMSNorm(presets.zeta(2)).forward(backend.tensor([3, 4], [1, 1, 2, 1])).data();
    expect([...old].map((value) => value.toFixed(6))).toEqual(['0.424264', '0.565685']);
  });

  test('gamma and beta are uploaded once, again after update(), and freed by dispose()', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0, bias: true });
    const x = backend.tensor([1, 1], [1, 2]);
    const write = vi.spyOn(driver, 'write');
    const forward = async () => [...(await norm.forward(x, x).data())];
    const { data } = norm.gamma!;
    expect(await forward()).toEqual([1, 1]);
    data.set([2, 3]);
    expect(await forward()).toEqual([1, 1]);
    expect(write).toHaveBeenCalledTimes(2);
    norm.update();
    backend.tensor([1, 1], [1, 2]);
    expect((await forward())[1]).toBe(3);
    norm.beta = { dtype: 'float32', shape: [2], data: Float32Array.of(10, 20) };
    expect((await forward())[1]).toBeGreaterThan(20);
    norm.dispose();
    norm.dispose();
    expect(backend.memory().tensors).toBe(2);
    expect(() => norm.forward(x)).toThrow(code('DISPOSED'));
    await expect(norm.apply({ dtype: 'float32', shape: [1, 2], data: ramp(2) }, backend)).rejects.toThrow(
      code('DISPOSED'),
    );
  });

  test('a gamma of a 16-bit dtype is converted on upload', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0 });
    norm.gamma = { dtype: 'bfloat16', shape: [2, 1], data: encode([2, 3], 'bfloat16') };
    expect(await norm.forward(backend.tensor([1, -1], [1, 2])).data()).toEqual(Float32Array.of(2, -3));
  });

  test('an upload that fails half way leaves nothing', () => {
    const norm = new RMSNorm({ dim: 2, bias: true });
    const x = backend.tensor([1, 1], [1, 2]);
    const alloc = driver.alloc.bind(driver);
    let left = 1;
    driver.alloc = (bytes) => {
      if (left-- === 0) throw new Error('full');
      return alloc(bytes);
    };
    expect(() => norm.forward(x)).toThrow('full');
    expect(backend.memory().tensors).toBe(1);
  });

  test('a kernel that throws leaves no output behind', () => {
    driver.forward = () => {
      throw new Error('kernel');
    };
    const x = backend.tensor([1, 1], [1, 2]);
    const norm = new RMSNorm({ dim: 2, affine: false });
    expect(() => norm.forward(x)).toThrow('kernel');
    expect(backend.memory().tensors).toBe(1);
  });

  test('out and rstd receive the results, and are what comes back', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0, scale: 1, affine: false });
    const x = backend.tensor([3, 4, 6, 8], [2, 2]);
    const out = backend.empty([2, 2]);
    const rstd = backend.empty([2, 1, 1]);
    expect(norm.forward(x, { out, rstd })).toBe(out);
    expect(norm.forward(x, out)).toBe(out);
    expect([...(await out.data())].map((value) => value.toFixed(6))).toEqual([
      '0.600000',
      '0.800000',
      '0.600000',
      '0.800000',
    ]);
    expect([...(await rstd.data())].map((value) => value.toFixed(6))).toEqual(['0.282843', '0.141421']);
  });

  test('empty tensors give empty tensors, and no kernel is called', async () => {
    const forward = vi.spyOn(driver, 'forward');
    for (const shape of [
      [0, 4],
      [3, 4, 0],
    ]) {
      const y = new RMSNorm(4).forward(backend.empty(shape));
      expect(y.shape).toEqual(shape);
      expect(await y.data()).toEqual(new Float32Array());
      const host: HostTensor = { dtype: 'float32', shape, data: new Float32Array() };
      expect((await new RMSNorm(4).apply(host, backend)).data).toEqual(new Float32Array());
    }
    expect(forward).not.toHaveBeenCalled();
  });

  test('bad tensors are refused before anything runs', async () => {
    const forward = vi.spyOn(driver, 'forward');
    const norm = new RMSNorm(4);
    const x = backend.empty([2, 4]);
    const other = createBackend(new ReferenceDriver());
    const gone = backend.empty([2, 4]);
    gone.dispose();
    const refusals: [string, () => unknown][] = [
      ['SHAPE', () => norm.forward(backend.empty([2, 5]))],
      ['SHAPE', () => norm.forward(x, backend.empty([4, 2]))],
      ['SHAPE', () => norm.forward(x, { rstd: backend.empty([2]) })],
      ['DTYPE', () => norm.forward(x, backend.empty([2, 4], 'float16'))],
      ['DTYPE', () => norm.forward(x, { rstd: backend.empty([2, 1, 1], 'float16') })],
      ['DTYPE', () => norm.forward(backend.empty([2, 4], 'int8'))],
      ['DTYPE', () => rmsNorm(x, { dim: 4, gamma: backend.empty([4], 'bfloat16') })],
      ['SHAPE', () => rmsNorm(x, { dim: 4, gamma: backend.empty([5]) })],
      ['INVALID_OPTION', () => rmsNorm(x, { dim: 4, weightOffset: 1 })],
      ['DISPOSED', () => norm.forward(gone)],
      ['DISPOSED', () => norm.forward(x, gone)],
      ['FOREIGN_TENSOR', () => norm.forward({} as never)],
      ['FOREIGN_TENSOR', () => norm.forward(undefined as never)],
      ['FOREIGN_TENSOR', () => norm.forward(x, other.empty([2, 4]))],
      ['FOREIGN_TENSOR', () => rmsNorm(x, { dim: 4, gamma: other.empty([4]) })],
    ];
    for (const [expected, call] of refusals) expect(call, call.toString()).toThrow(code(expected));
    expect(forward).not.toHaveBeenCalled();
    const orphan = other.empty([2, 4]);
    await other.dispose();
    expect(() => norm.forward(orphan)).toThrow(code('DISPOSED'));
  });

  test('memory that may not be shared is refused', () => {
    const one = new RMSNorm({ dim: 1, affine: false });
    const x = backend.empty([2, 1, 1]);
    expect(() => one.forward(x, { rstd: x })).toThrow(code('ALIASING'));
    const out = backend.empty([2, 1, 1]);
    expect(() => one.forward(x, { out, rstd: out })).toThrow(code('ALIASING'));
    const weight = backend.empty([1, 1, 1]);
    for (const weights of [{ gamma: weight }, { beta: weight }]) {
      for (const targets of [{ out: weight }, { rstd: weight }]) {
        expect(() => rmsNorm(backend.empty([1, 1, 1]), { dim: 1, ...weights, ...targets })).toThrow(code('ALIASING'));
      }
    }
  });

  test('the function and the class agree', async () => {
    const x = backend.tensor(ramp(24), [2, 3, 4]);
    const norm = new RMSNorm({ dim: 3, bias: true });
    norm.gamma = { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) };
    norm.beta = { dtype: 'float32', shape: [3], data: Float32Array.of(4, 5, 6) };
    const gamma = backend.tensor([1, 2, 3], [3]);
    const beta = backend.tensor([4, 5, 6], [1, 3]);
    expect(await rmsNorm(x, { dim: 3, gamma, beta }).data()).toEqual(await norm.forward(x).data());
  });
});

describe('gamma, beta and the state dict', () => {
  test('gamma starts at 1 - weightOffset, beta at 0', () => {
    const norm = new RMSNorm({ dim: [2, 2], weightOffset: 1, bias: true });
    expect(norm.gamma).toEqual({ dtype: 'float32', shape: [2, 2], data: new Float32Array(4) });
    expect(norm.beta).toEqual({ dtype: 'float32', shape: [2, 2], data: new Float32Array(4) });
    expect(new RMSNorm(2).gamma?.data).toEqual(Float32Array.of(1, 1));
    expect(new RMSNorm({ dim: 2, affine: false }).gamma).toBeNull();
    expect(new RMSNorm(16).scale).toBe(4);
  });

  test('a gamma that no array can hold is OUT_OF_MEMORY', () => {
    expect(() => new RMSNorm(2 ** 52)).toThrow(code('OUT_OF_MEMORY'));
    expect(new RMSNorm({ dim: 2 ** 52, affine: false }).scale).toBe(2 ** 26);
  });

  test('setting what does not fit is refused, and changes nothing', () => {
    const norm = new RMSNorm(2);
    expect(() => {
      norm.gamma = null;
    }).toThrow(code('INVALID_OPTION'));
    expect(() => {
      norm.beta = norm.gamma;
    }).toThrow(code('INVALID_OPTION'));
    expect(() => {
      norm.gamma = { dtype: 'float32', shape: [3], data: new Float32Array(3) };
    }).toThrow(code('SHAPE'));
    expect(norm.gamma?.data).toEqual(Float32Array.of(1, 1));
  });
});

test('the objects of two copies of core work together', async () => {
  const copy: typeof import('./rms-norm.ts') = await import(`${'./rms-norm.ts'}?copy`);
  expect(copy.RMSNorm).not.toBe(RMSNorm);
  const x = backend.tensor([3, 4], [1, 2]);
  const y = new copy.RMSNorm({ dim: 2, eps: 0 }).forward(x, { rstd: backend.empty([1, 1, 1]) });
  expect((await y.data())[0]).toBeCloseTo(0.848528, 6);
});
