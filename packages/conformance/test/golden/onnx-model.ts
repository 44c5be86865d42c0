import protobuf from 'protobufjs';

/**
 * The part of ONNX's schema that a model of one node needs; names and numbers are those of `onnx/onnx.proto3`
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). The npm package onnx-proto, which carries all of it, was
 * left behind at protobufjs 6; protobufjs itself is what onnxruntime-web reads models with.
 */
const SCHEMA = `
syntax = "proto3";
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; int32 type = 20; }
message NodeProto {
  repeated string input = 1; repeated string output = 2; string op_type = 4; repeated AttributeProto attribute = 5;
}
message Dimension { int64 dim_value = 1; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1; string name = 2; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message ModelProto { int64 ir_version = 1; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`;

const Model = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('ModelProto');

/** AttributeProto.AttributeType */
const FLOAT = 1;
const INT = 2;

/** TensorProto.DataType */
const ELEMENT_TYPES = { float32: 1, float16: 10 } as const;

/** The dtypes that onnxruntime-web takes from JavaScript. */
export type OnnxDType = keyof typeof ELEMENT_TYPES;

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
export function onnxModel({ op, opset, dtype, shape, axis, epsilon }: OnnxNorm): Uint8Array {
  const value = (name: string, lengths: readonly number[]): object => ({
    name,
    type: {
      tensor_type: {
        elem_type: ELEMENT_TYPES[dtype],
        shape: { dim: lengths.map((length) => ({ dim_value: length })) },
      },
    },
  });
  const model = {
    // IR version 11 is the first that knows opset 23.
    ir_version: 11,
    opset_import: [{ domain: '', version: opset }],
    graph: {
      name: op,
      node: [
        {
          op_type: op,
          input: ['X', 'scale'],
          output: ['Y'],
          attribute: [
            { name: 'axis', type: INT, i: axis },
            { name: 'epsilon', type: FLOAT, f: epsilon },
          ],
        },
      ],
      input: [value('X', shape), value('scale', shape.slice(axis))],
      output: [value('Y', shape)],
    },
  };
  const problem = Model.verify(model);
  if (problem) throw new Error(`not a model: ${problem}`);
  return Model.encode(Model.fromObject(model)).finish();
}
