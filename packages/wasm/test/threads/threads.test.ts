import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Backend, RMSNorm } from '@rmsnorm/core';
import { type WasmOptions, wasm } from '@rmsnorm/wasm';
import { type ThreadsOptions, threads } from '@rmsnorm/wasm/threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DESCRIPTOR_BYTES } from '../../src/generated/descriptor/index.ts';
import { compareThreads } from '../fixtures/compare-threads.ts';
import { warningsIn } from './warnings.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 2 ** 20;
const coded = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** A worker of Node's, counted while it runs. */
class Counted extends Worker {
  static running = 0;

  constructor(code: string, options: WorkerOptions) {
    super(code, options);
    Counted.running++;
    this.on('exit', () => Counted.running--);
  }
}

describe('options', () => {
  test.each([0, -1, 1.5, 65, Number.NaN, '2'])('refuses %j threads, with the numbers', (count) => {
    const shown = typeof count === 'string' ? `'${count}'` : count;
    expect(() => threads(count as number)).toThrow(
      coded('INVALID_OPTION', new RegExp(`threads\\(\\) takes an integer from 1 to 64, got ${shown}`)),
    );
  });

  test.each([2, '2', {}, () => 2, { count: 2 }])('refuses %j for threads, and says what gives them', (threads) => {
    expect(() => wasm({ threads } as unknown as WasmOptions)).toThrow(
      coded('INVALID_OPTION', /threads must be what threads\(\) of '@rmsnorm\/wasm\/threads' gives/),
    );
  });

  test.each<[unknown, RegExp]>([
    [null, /options/],
    [{ worker: 7 }, /worker must be an address, or a function that gives a new Worker, got 7/],
    [{ worker: '' }, /worker must be/],
    [{ worker: null }, /worker in threads\(\)'s options is null/],
    [{ script: 'a.js' }, /no key 'script'/],
  ])('refuses %j for the options of threads()', (options, message) => {
    expect(() => threads(2, options as ThreadsOptions)).toThrow(coded('INVALID_OPTION', message));
    expect(() => (threads as unknown as (...args: unknown[]) => void)(2, {}, 1)).toThrow(/argument 3 is too many/);
  });

  test('1 is what there is without the option', async () => {
    const backend = await wasm({ threads: threads(1) }).create();
    expect(backend.device).toBe('WebAssembly SIMD, one thread');
    expect((backend.tensor([1], [1]).buffer as unknown as { memory: WebAssembly.Memory }).memory.buffer).toBeInstanceOf(
      ArrayBuffer,
    );
  });

  test('the device names the threads, of the backend and of the probe', async () => {
    const provider = wasm({ threads: threads(3) });
    expect(await provider.probe()).toEqual({ ok: true, device: 'WebAssembly SIMD, 3 threads' });
    const backend = await provider.create();
    expect(backend.device).toBe('WebAssembly SIMD, 3 threads');
    await backend.dispose();
  });

  test('a module must be for shared memory, which rmsnorm-shared.wasm is', async () => {
    const compiled = async (name: string): Promise<WebAssembly.Module> =>
      WebAssembly.compile(await readFile(new URL(import.meta.resolve(`@rmsnorm/wasm/${name}`))));
    const module = await compiled('rmsnorm-shared.wasm');
    const backend = await wasm({ threads: threads(2), module }).create();
    const x = backend.tensor(new Float32Array(64 * 1024).fill(3), [64, 1024]);
    expect(new RMSNorm({ dim: 1024, axis: -1 }).forward(x).view!().every((value) => Math.abs(value - 1) < 1e-6)).toBe(
      true,
    );
    await backend.dispose();
    await expect(wasm({ threads: threads(2), module: await compiled('rmsnorm.wasm') }).create()).rejects.toThrow(
      coded('INVALID_OPTION', /not rmsnorm\.wasm.*for threads rmsnorm-shared\.wasm/),
    );
  });
});

describe('a backend with two threads', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await wasm({ threads: threads(2) }).create();
  });
  afterEach(() => backend.dispose());

  test('has shared memory, whose views outlive its growth', async () => {
    const x = backend.tensor([1, 2, 3], [3]);
    const before = x.view!() as Float32Array;
    expect(before.buffer).toBeInstanceOf(SharedArrayBuffer);
    backend.empty([4 * MIB]);
    expect(Array.from(before)).toEqual([1, 2, 3]);
    before[0] = 7;
    expect(Array.from(await x.data())).toEqual([7, 2, 3]);
    const wrapped = backend.wrap(before.subarray(1), [2], 'float32');
    expect(Array.from(wrapped.view!())).toEqual([2, 3]);
    expect((await x.data()).buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('refuses views of another memory', async () => {
    const other = await wasm({ threads: threads(2) }).create();
    const view = other.empty([4]).view!();
    expect(() => backend.wrap(view, [4], 'float32')).toThrow(coded('FOREIGN_TENSOR', /does not lie in this backend/));
    await other.dispose();
  });

  test('works on what was allocated after its workers started, wherever memory has grown to', async () => {
    const one = await wasm().create();
    const norm = new RMSNorm({ dim: 1000, axis: -1 });
    const data = Float32Array.from({ length: 300 * 1000 }, (_, i) => Math.sin(i));
    const expected = await norm.forward(one.tensor(data, [300, 1000])).data();
    for (const megabytes of [1, 10, 100, 1000, 1400]) {
      backend.empty([megabytes * (MIB / 4)]);
      for (let i = 0; i < 10; i++) {
        const y = norm.forward(backend.tensor(data, [300, 1000]));
        expect(Buffer.compare(Buffer.from(y.view!().slice().buffer), Buffer.from(expected.buffer))).toBe(0);
      }
    }
    norm.dispose();
    await one.dispose();
  });

  test('streams arrays, also such that lie in its own memory', async () => {
    const norm = new RMSNorm({ dim: 512, axis: -1 });
    const data = Float32Array.from({ length: 1000 * 512 }, (_, i) => Math.cos(i));
    const outside = await norm.apply({ dtype: 'float32', shape: [1000, 512], data }, backend);
    const inside = backend.tensor(data, [1000, 512]).view!() as Float32Array;
    await norm.apply({ dtype: 'float32', shape: [1000, 512], data: inside }, backend, {
      out: { dtype: 'float32', shape: [1000, 512], data: inside },
    });
    expect(Buffer.compare(Buffer.from(inside.slice().buffer), Buffer.from((outside.data as Float32Array).buffer))).toBe(
      0,
    );
  });
});

test('memory at its limit gives OUT_OF_MEMORY, as with one thread, and the backend goes on', async () => {
  const backend = await wasm({ threads: threads(2), maxBytes: 4 * MIB }).create();
  const x = backend.tensor(new Float32Array(MIB / 2).fill(2), [512, 1024]);
  const norm = new RMSNorm({ dim: 1024, axis: -1, affine: false });
  expect(() => norm.forward(x)).toThrow(
    coded(
      'OUT_OF_MEMORY',
      new RegExp(`no 2097152 bytes.*${2883712 + 8 * DESCRIPTOR_BYTES} are in use.*may grow to 4194304.*maxBytes`),
    ),
  );
  expect(backend.memory()).toEqual({ tensors: 1, bytes: 2 * MIB });
  expect(norm.forward(x, x).view!()[0]).toBeCloseTo(1);
  await backend.dispose();
  await expect(wasm({ threads: threads(64), maxBytes: MIB }).create()).rejects.toThrow(
    coded('OUT_OF_MEMORY', /maxBytes/),
  );
});

describe('a worker of the caller', () => {
  const script = new URL(import.meta.resolve('@rmsnorm/wasm/worker.js'));

  test.each<[string, ThreadsOptions['worker']]>([
    ['its URL', script],
    ['its address', script.href],
    ['its path', fileURLToPath(script)],
    ['a function', () => new Worker(script)],
  ])('by %s', async (_, worker) => {
    expect(await compareThreads(2, { worker })).toEqual({ device: 'WebAssembly SIMD, 2 threads', different: [] });
  });

  test('that is not there is one thread, with the reason', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (const worker of ['/nowhere/worker.js', 'C:\\nowhere\\worker.js']) {
      const backend = await wasm({ threads: threads(2, { worker }) }).create();
      expect(backend.device).toMatch(/^WebAssembly SIMD, one thread, not 2: its 1 worker did not start \(.*nowhere/);
      await backend.dispose();
    }
    const silent = (): never => {
      throw new Error('none for you');
    };
    const none = await wasm({ threads: threads(2, { worker: silent }) }).create();
    expect(none.device).toContain('did not start (none for you)');
    await none.dispose();
    vi.restoreAllMocks();
  });
});

describe('workers', () => {
  beforeEach(() => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Worker: Counted } as never);
  });
  afterEach(() => vi.restoreAllMocks());

  test('end with the backend, also where it is disposed twice', async () => {
    for (let i = 0; i < 5; i++) {
      const backend = await wasm({ threads: threads(4) }).create();
      expect(Counted.running).toBe(3);
      await Promise.all([backend.dispose(), backend.dispose()]);
      await backend.dispose();
      expect(Counted.running).toBe(0);
    }
  });

  test('end with a backend that nobody holds any more', async () => {
    await (async () => {
      const backend = await wasm({ threads: threads(3) }).create();
      new RMSNorm({ dim: 4096, axis: -1 }).forward(backend.empty([16, 4096])).dispose();
    })();
    expect(Counted.running).toBe(2);
    await vi.waitFor(
      () => {
        collect();
        expect(Counted.running).toBe(0);
      },
      { timeout: 10_000 },
    );
  });

  test('do not keep a process alive', async () => {
    const program = fileURLToPath(new URL('../fixtures/threads-exit.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 30_000 });
    expect(stdout).toBe('WebAssembly SIMD, 3 threads 1.000\n');
  });

  test('are none where create() is aborted, before and meanwhile', async () => {
    await expect(
      wasm({ threads: threads(4) }).create({ signal: AbortSignal.abort(new Error('too late')) }),
    ).rejects.toThrow('too late');
    for (const after of [0, 1, 5, 20]) {
      const meanwhile = new AbortController();
      const created = wasm({ threads: threads(4) }).create({ signal: meanwhile.signal });
      setTimeout(() => meanwhile.abort(new Error('stop')), after);
      await created.then(
        (backend) => backend.dispose(), // it was faster
        (error) => expect(error.message).toBe('stop'),
      );
      await vi.waitFor(() => expect(Counted.running).toBe(0));
    }
  });

  test('that cannot start are one thread, which the device and the console say', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Worker: Forbidden } as never);
    vi.resetModules();
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { wasm: fresh } = await import('../../src/index.ts');
    const { threads } = await import('../../src/threads/index.ts');
    const provider = fresh({ threads: threads(3), maxBytes: 2 * MIB });
    expect(await provider.probe()).toEqual({ ok: true, device: 'WebAssembly SIMD, 3 threads' });
    for (let i = 0; i < 2; i++) {
      const backend = await provider.create();
      expect(backend.device).toBe('WebAssembly SIMD, one thread, not 3: its 2 workers did not start (no workers here)');
      // Nothing is left of what workers would have needed: 384 KiB each, and the descriptors of chunks.
      const x = backend.tensor(new Float32Array(350 * 1024).fill(3), [350, 1024]);
      expect(new RMSNorm({ dim: 1024, axis: -1, affine: false }).forward(x, x).view!()[350 * 1023]).toBeCloseTo(1);
      await backend.dispose();
    }
    expect(warningsIn(said.mock.calls)).toEqual([[expect.stringMatching(/one thread, not 3.*--allow-worker/)]]);
    vi.restoreAllMocks();
    const backend = await provider.create();
    expect(backend.device).toBe('WebAssembly SIMD, 3 threads');
    await backend.dispose();
  });

  test('of which some cannot start leave none behind', async () => {
    class Few extends Counted {
      constructor(code: string, options: WorkerOptions) {
        if (Counted.running === 2) throw new Error('two are enough');
        super(code, options);
      }
    }
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Worker: Few } as never);
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const backend = await wasm({ threads: threads(8) }).create();
    expect(backend.device).toBe('WebAssembly SIMD, one thread, not 8: its 7 workers did not start (two are enough)');
    expect(Counted.running).toBe(0);
    await backend.dispose();
  });
});

class Forbidden {
  constructor() {
    throw new Error('no workers here');
  }
}
