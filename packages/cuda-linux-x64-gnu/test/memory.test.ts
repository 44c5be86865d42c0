import { expect, test } from 'vitest';
import { bytesAt, closed, describeAddon, emulated, forwardCall, someBytes, withBackend } from './native.ts';

describeAddon('memory', (native) => {
  for (const pools of [true, false]) {
    test(`${pools ? 'pools' : 'the cache'}: bytes come back as they were written`, () =>
      withBackend(native, { pools }, async (backend) => {
        for (const count of [4, 100, 65_536, 3_000_004]) {
          const address = backend.alloc(count);
          const bytes = someBytes(count, count);
          backend.write(address, bytes);
          expect(Buffer.compare(await bytesAt(backend, address, count), bytes)).toBe(0);
          backend.free(address);
        }
        expect(backend.memory().used).toBe(0);
      }));

    test(`${pools ? 'pools' : 'the cache'}: no more than the limit`, () =>
      withBackend(native, { pools, memoryLimit: 1 << 20 }, (backend) => {
        const first = backend.alloc(1 << 19);
        expect(() => backend.alloc((1 << 19) + 4)).toThrow(
          expect.objectContaining({
            code: 'OUT_OF_MEMORY',
            message: expect.stringMatching(/CUDA_ERROR_OUT_OF_MEMORY \(2\) from cuMemAlloc.*bytes/),
          }),
        );
        backend.free(first);
        expect(backend.alloc((1 << 19) + 4)).toBeGreaterThan(0);
      }));
  }

  test('the cache gives a block out again', () =>
    withBackend(native, { pools: false }, (backend) => {
      const first = backend.alloc(1000);
      backend.free(first);
      expect(backend.alloc(1020)).toBe(first);
      expect(backend.memory()).toEqual({ reserved: 1024, used: 1020 });
    }));

  test('an allocation that fails leaves the backend as it was', () =>
    withBackend(native, {}, async (backend) => {
      backend.inject('cuMemAllocFromPoolAsync', 1, 2);
      const first = backend.alloc(64);
      expect(() => backend.alloc(64)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
      const second = backend.alloc(64);
      backend.write(second, new Uint8Array(64));
      expect(await bytesAt(backend, second, 64)).toEqual(new Uint8Array(64));
      backend.free(first);
      expect(backend.memory().used).toBe(64);
    }));

  test('many writes through little staging, in pieces', () =>
    withBackend(native, { stagingBytes: 4096 }, async (backend) => {
      const addresses = Array.from({ length: 40 }, () => backend.alloc(100_000));
      addresses.forEach((address, i) => {
        const bytes = someBytes(100_000, i);
        backend.write(address, bytes);
        // It was copied.
        bytes.fill(7);
      });
      const read = await Promise.all(addresses.map((address) => bytesAt(backend, address, 100_000)));
      for (const [i, bytes] of read.entries()) expect(Buffer.compare(bytes, someBytes(100_000, i))).toBe(0);
    }));

  test('many small writes go round the staging', () =>
    withBackend(native, { stagingBytes: 1024 }, async (backend) => {
      const address = backend.alloc(40_000);
      const bytes = someBytes(40_000);
      for (let at = 0; at < 40_000; at += 20) backend.write(address + at, bytes.subarray(at, at + 20));
      expect(Buffer.compare(await bytesAt(backend, address, 40_000), bytes)).toBe(0);
    }));

  test('reads are done in their order', () =>
    withBackend(native, {}, async (backend) => {
      const large = backend.alloc(8 << 20);
      const order: number[] = [];
      const reads = Array.from({ length: 30 }, (_, i) => {
        const count = i % 3 === 0 ? 8 << 20 : 4;
        return bytesAt(backend, large, count).then(() => order.push(i));
      });
      await Promise.all(reads);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }));

  test('a read sees what was enqueued before it, and nothing later', () =>
    withBackend(native, {}, async (backend) => {
      const address = backend.alloc(1 << 20);
      const reads = Array.from({ length: 20 }, (_, i) => {
        backend.write(address, new Uint8Array(1 << 20).fill(i));
        return bytesAt(backend, address, 1 << 20);
      });
      backend.free(address);
      for (const [i, bytes] of (await Promise.all(reads)).entries()) expect([bytes[0], bytes.at(-1)]).toEqual([i, i]);
    }));

  test('what is freed stays until enqueued work has used it', () =>
    withBackend(native, {}, async (backend) => {
      const bytes = someBytes(1 << 20);
      const to = backend.alloc(1 << 20);
      for (let i = 0; i < 20; i++) {
        const from = backend.alloc(1 << 20);
        backend.write(from, bytes);
        backend.copy(from, to, 1 << 20);
        backend.free(from);
      }
      expect(Buffer.compare(await bytesAt(backend, to, 1 << 20), bytes)).toBe(0);
    }));

  test.each<[string, (into: Uint8Array<ArrayBuffer>) => void]>([
    ['transferred', ({ buffer }) => void structuredClone(buffer, { transfer: [buffer] })],
    ['shrunk', ({ buffer }) => (buffer as ArrayBuffer & { resize(bytes: number): void }).resize(4)],
  ])('a read into an array that is %s meanwhile says so, and the next one arrives', (_what, spoil) =>
    withBackend(native, {}, async (backend) => {
      const bytes = 16 << 20;
      const address = backend.alloc(bytes);
      const Resizable = ArrayBuffer as new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer;
      const into = new Uint8Array(new Resizable(bytes, { maxByteLength: bytes }));
      const reading = new Promise((resolve) => backend.read(address, into, resolve));
      spoil(into);
      const message = expect.stringMatching(/16777216 bytes into has [04] by now/);
      expect(await reading).toMatchObject({ code: 'INVALID_OPTION', message });
      expect((await bytesAt(backend, address, bytes)).length).toBe(bytes);
    }),
  );

  test('a long read lets the event loop go on, and can be cancelled in the middle', () =>
    withBackend(native, {}, async (backend) => {
      const bytes = 64 << 20;
      const address = backend.alloc(bytes);
      backend.write(address, new Uint8Array(bytes).fill(1));
      const into = new Uint8Array(bytes);
      let said = 0;
      const ticket = backend.read(address, into, () => said++);
      while (into[0] === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(into.at(-1)).toBe(0);
      backend.cancel(ticket);
      await bytesAt(backend, address, 4);
      expect([said, into.at(-1)]).toEqual([0, 0]);
    }));

  test('a cancelled read writes nothing and says nothing', () =>
    withBackend(native, {}, async (backend) => {
      const address = backend.alloc(16 << 20);
      backend.write(address, new Uint8Array(16 << 20).fill(1));
      const into = new Uint8Array(16 << 20);
      let said = 0;
      const ticket = backend.read(address, into, () => said++);
      backend.cancel(ticket);
      const before = into.slice();
      await bytesAt(backend, address, 4);
      expect(said).toBe(0);
      expect(Buffer.compare(into, before)).toBe(0);
      backend.cancel(ticket);
    }));

  test('memory that was never written is not zero', () =>
    withBackend(native, {}, async (backend) => {
      expect(await bytesAt(backend, backend.alloc(8), 8)).toEqual(new Uint8Array(8).fill(255));
    }));

  test('arrays over shared memory', () =>
    withBackend(native, {}, async (backend) => {
      const address = backend.alloc(8);
      const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8).fill(9);
      backend.write(address, shared);
      const into = new Uint8Array(new SharedArrayBuffer(8));
      await new Promise<void>((resolve) => void backend.read(address, into, () => resolve()));
      expect([...into]).toEqual([...shared]);
    }));

  test('close reads what is under way, then frees everything', async () => {
    const backend = native.open(emulated);
    const address = backend.alloc(1 << 20);
    backend.write(address, new Uint8Array(1 << 20).fill(3));
    const order: string[] = [];
    const read = bytesAt(backend, address, 1 << 20).then((bytes) => order.push(`read ${bytes[5]}`));
    await closed(backend).then(() => order.push('closed'));
    await read;
    expect(order).toEqual(['read 3', 'closed']);
    expect(() => backend.alloc(4)).toThrow(expect.objectContaining({ code: 'DISPOSED' }));
    backend.free(address);
  });

  test('a stream of the caller, shared by two backends', () =>
    withBackend(native, {}, (first) =>
      withBackend(native, { stream: first.stream }, async (second) => {
        expect(second.stream).toBe(first.stream);
        const address = first.alloc(4);
        first.write(address, Uint8Array.of(1, 2, 3, 4));
        expect([...(await bytesAt(second, address, 4))]).toEqual([1, 2, 3, 4]);
      }),
    ));

  test('inspect tells kinds, devices and ranges', () =>
    withBackend(native, { device: 1 }, (backend) => {
      const address = backend.alloc(1008);
      expect(backend.inspect(BigInt(address + 10))).toEqual({
        kind: 'device',
        device: 1,
        base: BigInt(address),
        bytes: 1008,
      });
      expect(backend.inspect(BigInt(address + 1008)).base).not.toBe(BigInt(address));
      expect(backend.inspect(64n).kind).toBe('unknown');
    }));

  test('marks tell the time between them', () =>
    withBackend(native, {}, (backend) => {
      const [from, to] = [backend.alloc(32 << 20), backend.alloc(32 << 20)];
      const [start, middle, end, last] = [backend.mark(), backend.mark(), backend.mark(), backend.mark()];
      for (let i = 0; i < 10; i++) backend.copy(from, to, 32 << 20);
      const after = backend.mark();
      expect(backend.elapsed(start, middle)).toBeGreaterThanOrEqual(0);
      expect(backend.elapsed(end, after)).toBeGreaterThan(1);
      const refused = expect.objectContaining({ code: 'INVALID_OPTION' });
      expect(() => backend.elapsed(start, last)).toThrow(refused);
      expect(() => backend.elapsed(last, last)).toThrow(refused);
      expect(() => backend.elapsed(middle, last)).toThrow(refused);
      for (const never of [1000, 2 ** 40]) expect(() => backend.elapsed(never, never + 1)).toThrow(refused);
    }));

  test('a kernel', () =>
    withBackend(native, {}, async (backend) => {
      const x = Float32Array.from({ length: 4 * 100 }, (_, i) => Math.sin(i));
      const [from, to] = [backend.alloc(x.byteLength), backend.alloc(x.byteLength)];
      backend.write(from, new Uint8Array(x.buffer));
      backend.launch(forwardCall(native, 4, 100, from, to));
      const y = new Float32Array((await bytesAt(backend, to, x.byteLength)).buffer);
      for (let row = 0; row < 4; row++) {
        const squares = x.subarray(row * 100, row * 100 + 100).reduce((sum, value) => sum + value * value, 0);
        expect(y[row * 100 + 7]).toBeCloseTo(x[row * 100 + 7]! / Math.sqrt(squares / 100 + 1e-6), 5);
      }
    }));
});
