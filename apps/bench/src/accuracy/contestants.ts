import { type BackendProvider, encode, type FloatDType, reference, rmsNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { webgpu } from '@rmsnorm/webgpu';
import '@tensorflow/tfjs-backend-cpu';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { create } from 'webgpu';
import { onnxBytes } from '../candidates/onnx-graph.ts';
import type { Input } from './inputs.ts';

type Elements = Float32Array | Uint16Array;

/** Somebody's RMSNorm over the last axis. */
export interface Contestant {
  readonly name: string;
  /** y; rejects, with the reason, where it cannot. */
  run(input: Input): Promise<Elements>;
}

ortWeb.env.wasm.numThreads = 1;
setThreadsCount(1);

export const CONTESTANTS: readonly Contestant[] = [
  { name: 'reference', run: ours(reference()) },
  { name: 'wasm', run: ours(wasm()) },
  // On the Vulkan driver of the environment; where there is none, the reason stands under the table.
  { name: 'webgpu', run: ours(webgpu({ gpu: create([]) })) },
  { name: 'onnxruntime-web', run: onnxruntime(ortWeb as unknown as Runtime, 'wasm') },
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
      return (await y.data()) as Elements;
    } finally {
      await backend.dispose();
    }
  };
}

/** What onnxruntime-web and onnxruntime-node, whose types differ in name alone, have in common. */
interface Runtime {
  readonly Tensor: new (type: string, data: Elements, dims: readonly number[]) => { readonly data: unknown };
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Record<string, { readonly data: unknown }>>;
      release(): Promise<void>;
    }>;
  };
}

/** RMSNormalization of opset 23. */
function onnxruntime({ InferenceSession, Tensor }: Runtime, provider: string): Contestant['run'] {
  return async ({ x, rows, size, dtype, gamma, eps }) => {
    const value = { type: dtype, dims: [rows, size] };
    const model = onnxBytes({
      nodes: [
        {
          op: 'RMSNormalization',
          inputs: ['x', 'gamma'],
          output: 'y',
          attributes: { axis: { int: -1 }, epsilon: { float: eps } },
        },
      ],
      initializers: [{ name: 'gamma', type: dtype, dims: [size], data: encode(gamma, dtype) }],
      inputs: [{ name: 'x', ...value }],
      outputs: [{ name: 'y', ...value }],
    });
    const session = await InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 4 });
    try {
      const { y } = await session.run({ x: new Tensor(dtype, x, [rows, size]) });
      return bitsOf(y!.data as Elements, dtype);
    } finally {
      await session.release();
    }
  };
}

/** A runtime with Float16Array may hand that out. */
function bitsOf(data: Elements, dtype: FloatDType): Elements {
  return dtype === 'float32' ? data : new Uint16Array(data.buffer, data.byteOffset, data.length);
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
