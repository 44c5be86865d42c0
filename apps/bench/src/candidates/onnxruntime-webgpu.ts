import type { OnnxValue } from '@rmsnorm/onnx-model';
import * as ort from 'onnxruntime-web/webgpu';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { gpuBuffer, gpuBytes } from './gpu-buffers.ts';
import { onnxBytes, onnxGraph } from './onnx-graph.ts';
import { elementsOf } from './onnxruntime-session.ts';
import { unableFor } from './reason.ts';

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
      const bound = (value: OnnxValue, contents: Uint8Array | number) => {
        const buffer = gpuBuffer(device, contents);
        const { name, dims } = value;
        const dataType = value.type as 'float32';
        return { name, value, buffer, tensor: ort.Tensor.fromGpuBuffer(buffer as never, { dataType, dims }) };
      };
      const inputs = graph.inputs.map((input) => {
        const x = work.inputs[input.name as 'x'];
        return bound(input, new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
      });
      const outputs = graph.outputs.map((output) => bound(output, elementsOf(output).byteLength));
      const feeds = Object.fromEntries(inputs.map(({ name, tensor }) => [name, tensor]));
      const fetches = Object.fromEntries(outputs.map(({ name, tensor }) => [name, tensor]));
      return {
        run: async (count) => {
          for (let i = 0; i < count; i++) await session.run(feeds, fetches);
          await device.queue.onSubmittedWorkDone();
        },
        result: async () => {
          const read = outputs.map(async ({ name, value, buffer }) => {
            const bytes = await gpuBytes(device, buffer);
            return [name, elementsOf(value, bytes.buffer as ArrayBuffer)];
          });
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
