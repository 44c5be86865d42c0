import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Outputs } from '../candidate.ts';
import type { Workload } from '../workload.ts';

/** What onnxruntime-web and onnxruntime-node have in common: the same types, each with its own copy of them. */
export interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

export type OnnxValues = InferenceSession.OnnxValueMapType;

type Tensors = Record<string, Tensor>;

/** Tensors over arrays of a workload's dtype, without a copy. */
export function onnxTensors(
  { Tensor }: Runtime,
  { dtype }: Workload,
  arrays: Readonly<Record<string, { data: Float32Array | Uint16Array; dims: readonly number[] }>>,
): Tensors {
  const tensors = Object.entries(arrays).map(([name, { data, dims }]) => [
    name,
    // 'float16' takes raw bits; the type says Float16Array.
    new Tensor(dtype as 'float32', data as Float32Array, dims),
  ]);
  return Object.fromEntries(tensors);
}

export function onnxFeeds(runtime: Runtime, work: Workload): Tensors {
  const arrays = Object.entries(work.inputs).map(([name, data]) => [name, { data, dims: work.shape.shape }]);
  return onnxTensors(runtime, work, Object.fromEntries(arrays));
}

export function onnxResults(values: OnnxValues): Outputs {
  return Object.fromEntries(Object.entries(values).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}
