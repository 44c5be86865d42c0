import { type BackendProvider, encode, reference, rmsNorm } from '@rmsnorm/core';
import { cuda } from '@rmsnorm/cuda';
import { wasm } from '@rmsnorm/wasm';
import { webgpu } from '@rmsnorm/webgpu';
import '@tensorflow/tfjs-backend-cpu';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { create } from 'webgpu';
import { cudaDevice } from '../candidates/cuda-device.ts';
import { node, onnxBytes } from '../candidates/onnx-graph.ts';
import { onnxTensor, type Runtime } from '../candidates/onnxruntime-session.ts';
import type { FloatElements } from '../elements.ts';
import type { Input } from './inputs.ts';

/** One implementation of RMSNorm over the last axis. */
export interface Contestant {
  readonly name: string;
  /** Gives y. Rejects, with the reason, where it cannot. */
  run(input: Input): Promise<FloatElements>;
}

ortWeb.env.wasm.numThreads = 1;
setThreadsCount(1);

export const CUDA: BackendProvider = cuda({ device: process.env.RMSNORM_CUDA_DEVICE ? cudaDevice() : 'emulated' });

export const CONTESTANTS: readonly Contestant[] = [
  { name: 'reference', run: ours(reference()) },
  { name: 'wasm', run: ours(wasm()) },
  // On the Vulkan driver of the environment. Without one, the reason stands under the table.
  { name: 'webgpu', run: ours(webgpu({ gpu: create([]) })) },
  // On the device of the environment, or else on the emulated one.
  { name: 'cuda', run: ours(CUDA) },
  { name: 'onnxruntime-web', run: onnxruntime(ortWeb, 'wasm') },
  { name: 'onnxruntime-node', run: onnxruntime(ortNode as unknown as Runtime, 'cpu') },
  { name: 'tfjs-wasm', run: tensorflow('wasm') },
  { name: 'tfjs-cpu', run: tensorflow('cpu') },
];

function ours(provider: BackendProvider): Contestant['run'] {
  return async ({ x, rows, size, dtype, gamma, eps }) => {
    const backend = await provider.create();
    try {
      const y = rmsNorm(backend.tensor(x, [rows, size], dtype), {
        dim: size,
        axis: -1,
        eps,
        gamma: backend.tensor(gamma, [size]),
      });
      return (await y.data()) as FloatElements;
    } finally {
      await backend.dispose();
    }
  };
}

/** ONNX's RMSNormalization, of opset 23. */
function onnxruntime(runtime: Runtime, provider: string): Contestant['run'] {
  return async ({ x, rows, size, dtype, gamma, eps }) => {
    const input = { name: 'x', type: dtype, dims: [rows, size] };
    const model = onnxBytes({
      nodes: [node('RMSNormalization', ['x', 'gamma'], 'y', { axis: { int: -1 }, epsilon: { float: eps } })],
      initializers: [{ name: 'gamma', type: dtype, dims: [size], data: encode(gamma, dtype) }],
      inputs: [input],
      outputs: [{ ...input, name: 'y' }],
    });
    const session = await runtime.InferenceSession.create(model, {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    try {
      const { y } = await session.run({ x: onnxTensor(runtime, input, x) });
      return asBits(y!.data as FloatElements);
    } finally {
      await session.release();
    }
  };
}

/** 16-bit results as raw bits: a runtime with Float16Array may give one. */
function asBits(data: FloatElements): FloatElements {
  return data instanceof Float32Array ? data : new Uint16Array(data.buffer, data.byteOffset, data.length);
}

/** mul(mul(x, rsqrt(add(mean(square(x)), eps))), gamma): TensorFlow.js has no RMSNorm of its own. */
function tensorflow(name: 'wasm' | 'cpu'): Contestant['run'] {
  return async ({ x, rows, size, dtype, gamma, eps }) => {
    if (dtype !== 'float32') throw new Error(`no ${dtype} tensors`);
    if (!(await tf.setBackend(name))) throw new Error(`tf.setBackend('${name}') failed`);
    const y = tf.tidy(() => {
      const input = tf.tensor(x as Float32Array, [rows, size]);
      return tf.mul(tf.mul(input, tf.rsqrt(tf.add(tf.mean(tf.square(input), 1, true), eps))), tf.tensor(gamma));
    });
    const data = (await y.data()) as Float32Array;
    y.dispose();
    return data;
  };
}
