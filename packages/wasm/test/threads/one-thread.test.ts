import { RMSNorm } from '@rmsnorm/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { warningsIn } from './warnings.ts';

// What wasm({ threads }) is where threads cannot be had. Each test has the package anew, which warns once.

describe('where the engine refuses', () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  /** As on iOS, where less is left for shared memory than for other. */
  class NoSharedMemory extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if (descriptor.shared) throw new RangeError('no room');
      super(descriptor);
    }
  }

  const { validate, compile, instantiate, Memory, Module } = WebAssembly;

  const compileUnshared = async (bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> => {
    const module = await compile(bytes);
    await instantiate(module, { env: { memory: new Memory({ initial: 16, maximum: 65_536 }) } });
    return module;
  };

  test.each([
    ['a shared memory of any size', { Memory: NoSharedMemory }, /^the engine refused a shared memory \(no room\)$/],
    ['a module on shared memory', { compile: compileUnshared }, /^compiling WebAssembly was refused \(.*shared.*\)$/],
  ])('%s, it is one thread, which the device and the console say; later it is tried again', async (_, lacks, why) => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { wasm: fresh } = await import('../../src/index.ts');
    const { threads } = await import('../../src/threads/index.ts');
    const provider = fresh({ threads: threads(2), maxBytes: 2 ** 24 });
    vi.stubGlobal('WebAssembly', { validate, compile, instantiate, Memory, Module, ...lacks });
    expect(await provider.probe()).toMatchObject({ ok: true });
    for (let i = 0; i < 2; i++) {
      const backend = await provider.create();
      const [device, reason] = backend.device.split(', not 2: ');
      expect(device).toBe('WebAssembly SIMD, one thread');
      expect(reason).toMatch(why);
      const x = backend.tensor([3, 4], [1, 2]);
      expect(x.view!().buffer).toBeInstanceOf(ArrayBuffer);
      expect(new RMSNorm(2).forward(x).view!()[1]).toBeCloseTo(1.13137, 5);
      expect(() => backend.empty([2 ** 22])).toThrow(/may grow to 16777216 \(maxBytes of wasm\(\)\)/);
      await backend.dispose();
    }
    expect(warningsIn(said.mock.calls)).toEqual([[expect.stringContaining('one thread, not 2: ')]]);
    vi.unstubAllGlobals();
    const backend = await provider.create();
    expect(backend.device).toBe('WebAssembly SIMD, 2 threads');
    await backend.dispose();
  });

  test("a shared memory, and the module is the caller's for one: the error says so", async () => {
    const { readFile } = await import('node:fs/promises');
    const file = new URL(import.meta.resolve('@rmsnorm/wasm/rmsnorm-shared.wasm'));
    const module = await compile(await readFile(file));
    vi.stubGlobal('WebAssembly', { validate, compile, instantiate, Memory: NoSharedMemory, Module });
    const { wasm: fresh } = await import('../../src/index.ts');
    const { threads } = await import('../../src/threads/index.ts');
    await expect(fresh({ threads: threads(2), module }).create()).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringContaining('maxBytes 4294967296'),
    });
  });

  test('to say whether it has workers, the same', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      throw new Error('not for you');
    });
    const { wasm: fresh } = await import('../../src/index.ts');
    const { threads } = await import('../../src/threads/index.ts');
    const device = 'WebAssembly SIMD, one thread, not 2: not for you';
    expect(await fresh({ threads: threads(2) }).probe()).toEqual({ ok: true, device });
  });
});

describe('where there is no shared memory', () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test('it is one thread, which it says once, and which the device names', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const { wasm: fresh } = await import('../../src/index.ts');
    const { threads } = await import('../../src/threads/index.ts');
    const provider = fresh({ threads: threads(2) });
    const device = 'WebAssembly SIMD, one thread, not 2: the page is not cross-origin isolated';
    expect(await provider.probe()).toEqual({ ok: true, device });
    for (const each of [provider, provider, fresh({ threads: threads(2) })]) {
      const backend = await each.create();
      expect(backend.device).toBe(device);
      const x = backend.tensor(new Float32Array(64 * 1024).fill(3), [64, 1024]);
      expect(new RMSNorm({ dim: 1024, axis: -1 }).forward(x).view!()[65535]).toBeCloseTo(1);
    }
    expect(warningsIn(said.mock.calls)).toEqual([
      [expect.stringMatching(/one thread.*Cross-Origin-Opener-Policy: same-origin/)],
    ]);
  });

  test('or no worker, the same', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.stubGlobal('process', {});
    const { wasm: fresh } = await import('../../src/index.ts');
    const { threads } = await import('../../src/threads/index.ts');
    expect((await fresh({ threads: threads(2) }).create()).device).toBe(
      'WebAssembly SIMD, one thread, not 2: this engine has no workers',
    );
  });
});
