import { type OnnxValue, onnxModel } from '@rmsnorm/onnx-model';

/** The dtypes that onnxruntime-web takes from JavaScript. */
export type OnnxDType = 'float32' | 'float16';

export interface OnnxNorm {
  /** Both stand in ONNX's own domain: ORT registers its SimplifiedLayerNormalization there too. */
  readonly op: 'RMSNormalization' | 'SimplifiedLayerNormalization';
  readonly opset: number;
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
  /** The first of the trailing axes that are normalized together; negative counts from the end. */
  readonly axis: number;
  readonly epsilon: number;
}

/** The bytes of a model `Y = op(X, scale)`. */
export function normModel({ op, opset, dtype, shape, axis, epsilon }: OnnxNorm): Uint8Array {
  const value = (name: string, dims: readonly number[]): OnnxValue => ({ name, type: dtype, dims });
  const attributes = { axis: { int: axis }, epsilon: { float: epsilon } };
  return onnxModel(
    {
      nodes: [{ op, inputs: ['X', 'scale'], output: 'Y', attributes }],
      inputs: [value('X', shape), value('scale', shape.slice(axis))],
      outputs: [value('Y', shape)],
      initializers: [],
    },
    opset,
  );
}
