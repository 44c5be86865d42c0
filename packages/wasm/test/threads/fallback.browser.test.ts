import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import { expect, test, vi } from 'vitest';

test('a page that is not isolated has one thread: it is said once, and the device names it', async () => {
  expect(crossOriginIsolated).toBe(false);
  const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const device = 'WebAssembly SIMD, one thread, not 2: the page is not cross-origin isolated';
  for (const provider of [wasm({ threads: threads(2) }), wasm({ threads: threads(2) })]) {
    expect(await provider.probe()).toEqual({ ok: true, device });
    const backend = await provider.create();
    expect(backend.device).toBe(device);
    const x = backend.tensor(new Float32Array(64 * 1024).fill(3), [64, 1024]);
    expect(new RMSNorm({ dim: 1024, axis: -1 }).forward(x).view!()[65535]).toBeCloseTo(1);
    await backend.dispose();
  }
  expect(said.mock.calls).toEqual([[expect.stringContaining('Cross-Origin-Embedder-Policy: require-corp')]]);
});
