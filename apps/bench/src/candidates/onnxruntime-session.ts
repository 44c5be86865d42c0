import type { OnnxGraph, OnnxType, OnnxValue } from '@rmsnorm/onnx-model';
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Outputs } from '../candidate.ts';
import type { Elements } from '../elements.ts';
import type { Workload } from '../workload.ts';

/** What onnxruntime-web and onnxruntime-node have in common: the same types, each with its own copy of them. */
export interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

export type OnnxValues = InferenceSession.OnnxValueMapType;

type Tensors = Record<string, Tensor>;

/** A tensor over an array of its type, without a copy. */
export function onnxTensor({ Tensor }: Runtime, { type, dims }: OnnxValue, data: Elements): Tensor {
  // ORT takes raw bits for 'float16'; its types ask for a Float16Array.
  return new Tensor(type as 'float32', data as Float32Array, dims);
}

export function onnxFeeds(runtime: Runtime, { inputs, dtype, shape }: Workload): Tensors {
  const tensors = Object.entries(inputs).map(([name, data]) => [
    name,
    onnxTensor(runtime, { name, type: dtype, dims: shape.shape }, data),
  ]);
  return Object.fromEntries(tensors);
}

/** Tensors that ORT writes the outputs of a model into. */
export function onnxFetches(runtime: Runtime, { outputs }: OnnxGraph): Tensors {
  const tensors = outputs.map((output) => [output.name, onnxTensor(runtime, output, elementsOf(output))]);
  return Object.fromEntries(tensors);
}

/** An array for a value's elements, over `buffer` where there is one already. */
export function elementsOf({ type, dims }: OnnxValue, buffer?: ArrayBuffer): Elements {
  const Elements = arrayOf(type);
  const length = dims.reduce((product, size) => product * size, 1);
  return buffer === undefined ? new Elements(length) : new Elements(buffer, 0, length);
}

function arrayOf(type: OnnxType): typeof Float32Array | typeof Uint16Array | typeof Int8Array {
  switch (type) {
    case 'float32':
      return Float32Array;
    case 'float16':
    case 'bfloat16':
      return Uint16Array;
    case 'int8':
      return Int8Array;
    case 'int64':
      throw new Error('no input or output here is int64');
    default:
      throw new Error(`no array holds ${type satisfies never}`);
  }
}

export function onnxResults(values: OnnxValues): Outputs {
  return Object.fromEntries(Object.entries(values).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}
