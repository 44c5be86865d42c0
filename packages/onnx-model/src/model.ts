import { ModelProto } from './schema.ts';
import { elementType, type OnnxValue, valueInfo } from './value.ts';

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Constants of the graph. */
  readonly initializers: readonly OnnxInitializer[];
}

/** One operator of ONNX's own domain, with one output. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] };

export interface OnnxInitializer extends OnnxValue {
  /** Raw bits for the 16-bit types. */
  readonly data: Float32Array | Uint16Array | BigInt64Array;
}

/** Of the file format: the first version that has opset 23. */
const IR_VERSION = 11;

/** AttributeProto.AttributeType. */
const FLOAT = 1;
const INT = 2;
const INTS = 7;

/** The bytes of a model of this graph, for the operators of `opset`. */
export function onnxModel({ nodes, inputs, outputs, initializers }: OnnxGraph, opset: number): Uint8Array {
  const model = {
    ir_version: IR_VERSION,
    opset_import: [{ domain: '', version: opset }],
    graph: {
      name: 'graph',
      node: nodes.map(({ op, inputs: input, output, attributes = {} }) => ({
        op_type: op,
        input,
        output: [output],
        attribute: Object.entries(attributes).map(attributeProto),
      })),
      initializer: initializers.map(({ name, type, dims, data }) => ({
        name,
        dims,
        data_type: elementType(type),
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
    },
  };
  const problem = ModelProto.verify(model);
  if (problem) throw new Error(`not a model: ${problem}`);
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

/** An attribute as an AttributeProto. */
function attributeProto([name, value]: [string, OnnxAttribute]): object {
  if ('float' in value) return { name, type: FLOAT, f: value.float };
  if ('int' in value) return { name, type: INT, i: value.int };
  return { name, type: INTS, ints: value.ints };
}
