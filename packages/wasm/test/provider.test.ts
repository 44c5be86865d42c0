import { readFile } from 'node:fs/promises';
import { createContext, runInContext } from 'node:vm';
import { isRMSNormError, pickBackend, RMSNorm } from '@rmsnorm/core';
import { type WasmOptions, wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import { afterEach, describe, expect, test, vi } from 'vitest';

const coded = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const MIB = 2 ** 20;

const rawFile = new URL(import.meta.resolve('@rmsnorm/wasm/rmsnorm.wasm'));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('wasm()', () => {
  test('is available here', async () => {
    expect(await wasm().probe()).toEqual({ ok: true, device: expect.stringContaining('SIMD') });
  });

  test('gives backends of their own', async () => {
    const provider = wasm();
    const [a, b] = [await provider.create(), await provider.create()];
    expect([a.name, b.name]).toEqual(['wasm', 'wasm']);
    const x = a.tensor([3, 4], [1, 2]);
    expect(() => new RMSNorm(2).forward(x, b.empty([1, 2]))).toThrow(coded('FOREIGN_TENSOR', /another backend/));
    await a.dispose();
    expect(() => a.empty([1])).toThrow(coded('DISPOSED', /create/));
    expect(Array.from(b.tensor([3, 4], [1, 2]).view!())).toEqual([3, 4]);
  });

  test('can be disposed twice, tensors before and after', async () => {
    const backend = await wasm().create();
    const [x, y] = [backend.empty([4]), backend.empty([4])];
    x.dispose();
    await backend.dispose();
    await backend.dispose();
    y.dispose();
    expect(() => y.view!()).toThrow(coded('DISPOSED', /disposed/));
  });

  test('does nothing on import', async () => {
    const touched = (): never => {
      throw new Error('touched');
    };
    vi.stubGlobal('WebAssembly', new Proxy({}, { get: touched, has: touched }));
    vi.resetModules();
    const { wasm: fresh } = await import('../src/index.ts');
    expect(fresh().name).toBe('wasm');
  });

  test('takes options once, and so does create()', async () => {
    const [two, one] = [wasm, wasm().create] as unknown as ((...args: object[]) => unknown)[];
    expect(() => two!({}, { threads: 2 })).toThrow(
      coded('INVALID_OPTION', /argument 2 is too many, { threads: 2 }: write wasm\(\{ threads/),
    );
    await expect(one!({}, { threads: 2 })).rejects.toThrow(coded('INVALID_OPTION', /write create\(\{ signal \}\)/));
  });

  test('stops when the signal is aborted, before and meanwhile', async () => {
    const before = new AbortController();
    before.abort(new Error('too late'));
    await expect(wasm().create({ signal: before.signal })).rejects.toThrow('too late');
    const meanwhile = new AbortController();
    const created = wasm().create({ signal: meanwhile.signal });
    meanwhile.abort(new Error('stop'));
    await expect(created).rejects.toThrow('stop');
  });

  test.each<[unknown, RegExp]>([
    [null, /options.*got null/],
    ['4 GB', /options.*got '4 GB'/],
    [{ maxByte: 1 }, /no key 'maxByte'.*did you mean 'maxBytes'\?.*module, maxBytes/],
    [{ threads: null }, /threads in wasm\(\)'s options is null/],
    [{ threads: Symbol('s') }, /got Symbol\(s\)/],
    [{ maxBytes: 10n }, /got 10n/],
    [{ maxBytes: '1e9' }, /maxBytes.*integer.*1048576.*4294967296.*1e9/],
    [{ maxBytes: 2 ** 20 - 1 }, /1048575/],
    [{ maxBytes: 2 ** 32 + 1 }, /4294967297/],
    [{ maxBytes: Number.NaN }, /NaN/],
    [{ maxBytes: 2 ** 20 + 0.5 }, /1048576.5/],
    [{ module: new Uint8Array(8) }, /WebAssembly.Module, got Uint8Array.*compile/],
    [{ module: Promise.resolve() }, /got Promise/],
  ])('refuses the options %o', (options, message) => {
    expect(() => wasm(options as WasmOptions)).toThrow(coded('INVALID_OPTION', message));
  });

  test('takes undefined for an option that is not given', async () => {
    expect((await wasm({ module: undefined, maxBytes: undefined }).create()).name).toBe('wasm');
  });
});

describe('wasm({ module })', () => {
  test('runs the raw file, compiled by the caller', async () => {
    const module = await WebAssembly.compile(await readFile(rawFile));
    // What hosts that forbid it do.
    vi.stubGlobal('WebAssembly', { ...api(), validate: undefined, compile: undefined });
    const provider = wasm({ module });
    expect(await provider.probe()).toMatchObject({ ok: true });
    const backend = await provider.create();
    const y = new RMSNorm(2).forward(backend.tensor([3, 4], [1, 2]));
    expect(Array.from(await y.data())).toEqual([Math.fround(3 / Math.sqrt(12.5 + 1e-6)), expect.closeTo(1.13137, 5)]);
  });

  test('refuses a module that is not ours, or imports what we have not', async () => {
    const nothing = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    await expect(wasm({ module: nothing }).create()).rejects.toThrow(
      coded('INVALID_OPTION', /not rmsnorm\.wasm.*layout is undefined.*@rmsnorm\/wasm\/rmsnorm\.wasm/),
    );
    // One import: the function m.f.
    const needy = new WebAssembly.Module(
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x6d, 1, 0x66, 0, 0),
    );
    await expect(wasm({ module: needy }).create()).rejects.toThrow(coded('INVALID_OPTION', /not rmsnorm\.wasm/));
  });
});

describe('where it cannot run', () => {
  async function refusal(): Promise<unknown> {
    const probe = await wasm().probe();
    await expect(wasm().create()).rejects.toSatisfy((error) =>
      isRMSNormError(error, probe.ok ? undefined : (probe.code as never)),
    );
    return probe;
  }

  test('says NO_SIMD where there is no SIMD, and from which versions on there is', async () => {
    vi.stubGlobal('WebAssembly', { ...api(), validate: () => false });
    expect(await refusal()).toEqual({
      ok: false,
      code: 'NO_SIMD',
      reason: 'this engine has no WebAssembly SIMD',
      hint: expect.stringMatching(/Safari 16\.4.*reference\(\)/),
    });
    await expect(pickBackend([wasm()])).rejects.toThrow(coded('NO_BACKEND', /wasm {2}NO_SIMD {2}this engine has no/));
  });

  test('says so where there is no WebAssembly at all', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(await refusal()).toMatchObject({
      ok: false,
      code: 'WRONG_RUNTIME',
      reason: 'this engine has no WebAssembly',
    });
  });

  test('names wasm-unsafe-eval and the module option where compiling is forbidden', async () => {
    const strict = createContext({}, { codeGeneration: { strings: true, wasm: false } });
    vi.stubGlobal('WebAssembly', runInContext('WebAssembly', strict));
    expect(await refusal()).toEqual({
      ok: false,
      code: 'WRONG_RUNTIME',
      reason: expect.stringContaining('disallowed by embedder'),
      hint: expect.stringMatching(/'wasm-unsafe-eval'.*wasm\(\{ module \}\)/),
    });
  });

  const throws = (error: unknown) => () => {
    throw error;
  };
  const UNPRINTABLE = Object.create(null) as object;
  const HOSTILE: Readonly<Record<string, { stub: PropertyDescriptor; says: RegExp }>> = {
    'is a getter that throws': { stub: { get: throws(new Error('not here')) }, says: /refused \(not here\)/ },
    'throws what cannot be shown': { stub: { get: throws(UNPRINTABLE) }, says: /\(\{\}\)/ },
    'is null': { stub: { value: null }, says: /has no WebAssembly/ },
    'has nothing': { stub: { value: {} }, says: /refused \(.+\)/ },
    'does not validate': {
      stub: { value: { ...api(), validate: throws(new Error('not today')) } },
      says: /refused \(not today\)/,
    },
    'throws a symbol': {
      stub: { value: { ...api(), compile: throws(Symbol('no')) } },
      says: /refused \(Symbol\(no\)\)/,
    },
    'rejects with nothing': {
      stub: { value: { ...api(), compile: () => Promise.reject() } },
      says: /refused \(undefined\)/,
    },
  };
  const cases = Object.keys(HOSTILE).flatMap((what) => [1, 2].map((count) => ({ what, count })));

  test.each(cases)(
    'a probe never throws, and what it found is not kept: WebAssembly $what, $count threads',
    async ({ what, count }) => {
      const provider = wasm({ threads: threads(count) });
      const { stub, says } = HOSTILE[what]!;
      const real = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!;
      Object.defineProperty(globalThis, 'WebAssembly', { ...stub, configurable: true });
      try {
        expect(await provider.probe()).toEqual({
          ok: false,
          code: 'WRONG_RUNTIME',
          reason: expect.stringMatching(says),
          hint: expect.any(String),
        });
        await expect(provider.create()).rejects.toThrow(coded('WRONG_RUNTIME', says));
      } finally {
        Object.defineProperty(globalThis, 'WebAssembly', real);
      }
      expect(await provider.probe()).toMatchObject({ ok: true });
      const backend = await provider.create();
      expect(backend.device).toContain(count === 1 ? 'one thread' : '2 threads');
      await backend.dispose();
    },
  );

  test('says OUT_OF_MEMORY where the engine has no room for a memory', async () => {
    class NoMemory {
      constructor() {
        throw new RangeError('could not allocate memory');
      }
    }
    vi.stubGlobal('WebAssembly', { ...api(), Memory: NoMemory });
    await expect(wasm().create()).rejects.toThrow(coded('OUT_OF_MEMORY', /dispose backends/));
  });
});

/** An engine that reserves all that a memory may become, and has no more than `most` bytes. */
function engineOf(most: number, asked: number[] = []): object {
  class Reserved extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      const bytes = descriptor.maximum! * 65536;
      asked.push(bytes);
      if (bytes > most) throw new RangeError('could not allocate memory');
      super(descriptor);
    }
  }
  return { ...api(), Memory: Reserved };
}

describe.each([1, 2])('an engine that refuses a memory of the largest size: %i threads', (count) => {
  test('is asked for half, and so on; what it gives is the limit', async () => {
    const asked: number[] = [];
    vi.stubGlobal('WebAssembly', engineOf(100 * MIB, asked));
    const backend = await wasm({ threads: threads(count) }).create();
    expect(asked).toEqual([4096, 2048, 1024, 512, 256, 128, 64].map((size) => size * MIB));
    expect(backend.device).toContain(count === 1 ? 'one thread' : '2 threads');
    const x = backend.tensor(new Float32Array(8 * MIB).fill(2), [MIB, 8]);
    expect(new RMSNorm({ dim: 8, axis: -1 }).forward(x, x).view!()[8 * MIB - 1]).toBeCloseTo(1, 6);
    expect(() => backend.empty([8 * MIB])).toThrow(
      coded('OUT_OF_MEMORY', /may grow to 67108864 \(the engine refused more\)/),
    );
    await backend.dispose();
  });

  test('is asked from maxBytes on, and for no less than is needed', async () => {
    const asked: number[] = [];
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.stubGlobal('WebAssembly', engineOf(0, asked));
    await expect(wasm({ threads: threads(count), maxBytes: 10 * MIB }).create()).rejects.toThrow(
      coded('OUT_OF_MEMORY', /no room for a WebAssembly memory of maxBytes 10485760, nor of 1310720: dispose backends/),
    );
    const each = [10, 5, 2.5, 1.25].map((size) => size * MIB);
    // Where no shared memory can be had, one that is not shared is asked for.
    expect(asked).toEqual(count === 1 ? each : [...each, ...each]);
    vi.unstubAllGlobals();
    vi.stubGlobal('WebAssembly', engineOf(5 * MIB));
    const backend = await wasm({ threads: threads(count), maxBytes: 10 * MIB }).create();
    expect(() => backend.empty([2 * MIB])).toThrow(coded('OUT_OF_MEMORY', /5242880 \(the engine refused more\)/));
    await backend.dispose();
  });

  test('says maxBytes where that is the limit, and nothing where addresses are', async () => {
    const backend = await wasm({ threads: threads(count), maxBytes: 4 * MIB }).create();
    expect(() => backend.empty([MIB])).toThrow(coded('OUT_OF_MEMORY', /may grow to 4194304 \(maxBytes of wasm\(\)\);/));
    await backend.dispose();
    const largest = await wasm({ threads: threads(count) }).create();
    expect(() => largest.empty([2 ** 30])).toThrow(coded('OUT_OF_MEMORY', /may grow to 4294967232;/));
    await largest.dispose();
  });
});

/** The functions of WebAssembly, which cannot be spread from the namespace itself. */
function api(): object {
  const { validate, compile, instantiate, Memory, Module } = WebAssembly;
  return { validate, compile, instantiate, Memory, Module };
}
