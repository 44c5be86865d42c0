import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withSharedMemory } from './shared-module.ts';

const raw = await readFile(new URL(import.meta.resolve('@rmsnorm/wasm/rmsnorm.wasm')));

test('changes the limits of the memory, and nothing else', async () => {
  const shared = withSharedMemory(raw);
  // The section's length, the flag, and three bytes more.
  expect(shared.length).toBe(raw.length + 3);
  const memory = (flag: boolean): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: flag });
  const module = await WebAssembly.compile(shared);
  await WebAssembly.instantiate(module, { env: { memory: memory(true) } });
  await expect(WebAssembly.instantiate(module, { env: { memory: memory(false) } })).rejects.toThrow(/shared/);
  const original = WebAssembly.Module.exports(await WebAssembly.compile(raw));
  expect(WebAssembly.Module.exports(module)).toEqual(original);
  expect(Buffer.compare(shared.subarray(-1000), raw.subarray(-1000))).toBe(0);
});

test('is the file that is exported', async () => {
  const file = await readFile(new URL(import.meta.resolve('@rmsnorm/wasm/rmsnorm-shared.wasm')));
  expect(Buffer.compare(file, withSharedMemory(raw))).toBe(0);
});

test('refuses a module whose memory is another', () => {
  const already = withSharedMemory(raw);
  expect(() => withSharedMemory(already)).toThrow('does not import its memory last');
});
