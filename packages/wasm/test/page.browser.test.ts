import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { expect, test } from 'vitest';
import { answerUnder } from './fixtures/answer-under.ts';

test('runs in a page, and twice from one provider', async () => {
  const provider = wasm();
  for (const backend of [await provider.create(), await provider.create()]) {
    const x = backend.tensor(
      Float32Array.from({ length: 2 * 512 * 4 * 4 }, (_, i) => Math.sin(i)),
      [2, 512, 4, 4],
    );
    const y = (await new RMSNorm(512, 1).forward(x).data()) as Float32Array;
    let sum = 0;
    for (let i = 0; i < 512; i++) sum += y[i * 16]! ** 2;
    expect(Math.sqrt(sum / 512)).toBeCloseTo(1, 5);
    await backend.dispose();
  }
});

test('streams an array of 64 MB through apply', async () => {
  const backend = await wasm({ maxBytes: 2 ** 20 }).create();
  const data = new Float32Array(4096 * 4096).fill(2);
  const y = await new RMSNorm(4096).apply({ dtype: 'float32', shape: [4096, 4096], data }, backend);
  expect((y.data as Float32Array).every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
});

test('takes the raw file, compiled while it loads', async () => {
  const { default: url } = await import('@rmsnorm/wasm/rmsnorm.wasm?url');
  const module = await WebAssembly.compileStreaming(fetch(url));
  const backend = await wasm({ module }).create();
  expect(new RMSNorm(2).forward(backend.tensor([3, 4], [1, 2])).view!()[1]).toBeCloseTo(1.13137, 5);
});

test("runs under a Content-Security-Policy with 'wasm-unsafe-eval'", async () => {
  expect(
    await answerUnder("script-src 'self' 'wasm-unsafe-eval'", new URL('./fixtures/probe.ts', import.meta.url)),
  ).toMatchObject({ ok: true });
});

test("says that 'wasm-unsafe-eval' is missing where it is", async () => {
  expect(await answerUnder("script-src 'self'", new URL('./fixtures/probe.ts', import.meta.url))).toEqual({
    ok: false,
    code: 'WRONG_RUNTIME',
    reason: expect.stringMatching(/compiling WebAssembly was refused \(.*Content Security Policy/),
    hint: expect.stringContaining("script-src 'wasm-unsafe-eval'"),
  });
});
