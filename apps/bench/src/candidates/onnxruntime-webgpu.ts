import binaryUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import * as ort from 'onnxruntime-web/webgpu';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Elements, Workload } from '../workload.ts';
import { gpuBuffer, gpuBytes } from './gpu-buffers.ts';
import { onnxBytes, onnxGraph } from './onnx-graph.ts';
import { unableFor } from './reason.ts';

ort.env.wasm.wasmPaths = { wasm: binaryUrl };
ort.env.wasm.numThreads = 1;

export const onnxruntimeWebgpu: Entrant = {
  name: 'onnxruntime-webgpu',
  does: 'norm',
  about: 'onnxruntime-web, WebGPU: session.run of the same in ONNX, GPU buffers bound as inputs and outputs',
  async create(work: Workload): Promise<Candidate | Unable> {
    try {
      const graph = onnxGraph(work, 'multiplied after');
      const session = await ort.InferenceSession.create(onnxBytes(graph), {
        executionProviders: ['webgpu'],
        graphOptimizationLevel: 'all',
        logSeverityLevel: 4,
      });
      const device = (await ort.env.webgpu.device) as GPUDevice;
      const bound = (contents: Uint8Array | number, dims: readonly number[]) => {
        const buffer = gpuBuffer(device, contents);
        const dataType = work.dtype as 'float32';
        return { buffer, tensor: ort.Tensor.fromGpuBuffer(buffer as never, { dataType, dims }) };
      };
      const inputs = Object.entries(work.inputs).map(([name, x]) => {
        const bytes = new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
        return { name, ...bound(bytes, work.shape.shape) };
      });
      const outputs = graph.outputs.map(({ name, dims }) => {
        const elements = dims.reduce((product, length) => product * length, 1);
        return { name, ...bound(elements * work.inputs.x.BYTES_PER_ELEMENT, dims) };
      });
      const feeds = Object.fromEntries(inputs.map(({ name, tensor }) => [name, tensor]));
      const fetches = Object.fromEntries(outputs.map(({ name, tensor }) => [name, tensor]));
      return {
        run: async (count) => {
          for (let i = 0; i < count; i++) await session.run(feeds, fetches);
          await device.queue.onSubmittedWorkDone();
        },
        result: async () => {
          const read = outputs.map(async ({ name, buffer }) => [name, elements(await gpuBytes(device, buffer), work)]);
          return Object.fromEntries(await Promise.all(read));
        },
        dispose: async () => {
          await session.release();
          for (const { buffer } of [...inputs, ...outputs]) buffer.destroy();
        },
      };
    } catch (error) {
      return unableFor(error);
    }
  },
};

function elements({ buffer }: Uint8Array, { dtype }: Workload): Elements {
  return dtype === 'float32' ? new Float32Array(buffer) : new Uint16Array(buffer);
}
