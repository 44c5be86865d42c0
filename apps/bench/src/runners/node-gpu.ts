// For a process that measures Node's WebGPU, before anything that looks for `navigator.gpu` is imported.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web/webgpu';
import { create, globals } from 'webgpu';

/**
 * npm's webgpu (Dawn, on the Vulkan driver of the environment) as `navigator.gpu`, where peers look for it, and what else
 * they need to run on it. Returns the adapter in words.
 * @throws Error where there is no adapter
 */
export async function provideGPU(): Promise<string> {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 1, userAgent: `Node ${process.versions.node}` },
    configurable: true,
  });
  acceptSharedMemory();
  // Some of its promises come true only while a timer waits: those of ONNX Runtime's pipelines.
  setInterval(() => {}, 1000).unref();
  ort.env.wasm.wasmBinary = await readFile(
    fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm')),
  );
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('npm webgpu found no adapter: VK_ICD_FILENAMES names a Vulkan driver');
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description].filter(Boolean).join(' ');
}

/** It takes no bytes in shared memory, which is what ONNX Runtime's heap is: they are copied out of it first. */
function acceptSharedMemory(): void {
  const { prototype } = GPUQueue;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (buffer, offset, data, ...range) {
    const shared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
    const own = shared ? (data as Uint8Array).slice() : data;
    return writeBuffer.call(this, buffer, offset, own as GPUAllowSharedBufferSource, ...range);
  };
}
