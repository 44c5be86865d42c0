import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web/webgpu';

/** What ONNX Runtime's WebGPU needs in Node, where it is made for pages. Called after {@link provideWebGPU}. */
export async function prepareOnnxruntime(): Promise<void> {
  acceptSharedMemory();
  // The promises of its pipelines settle only while some timer is waiting.
  setInterval(() => {}, 1000).unref();
  ort.env.wasm.wasmBinary = await readFile(
    fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm')),
  );
}

/**
 * npm's webgpu takes no bytes in shared memory, which is what ONNX Runtime's heap is: they are copied out of it first.
 */
function acceptSharedMemory(): void {
  const { prototype } = GPUQueue;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (buffer, offset, data, ...range) {
    const shared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
    const unshared = shared ? (data as Uint8Array).slice() : data;
    return writeBuffer.call(this, buffer, offset, unshared as GPUAllowSharedBufferSource, ...range);
  };
}
