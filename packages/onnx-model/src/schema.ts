import protobuf from 'protobufjs';

/**
 * The part of ONNX's schema that such models need; names and numbers are those of `onnx/onnx.proto3`
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). The npm package onnx-proto, which carries all of it, was
 * left behind at protobufjs 6; protobufjs itself is what onnxruntime-web reads models with.
 */
const SCHEMA = `
syntax = "proto3";
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
message NodeProto {
  repeated string input = 1; repeated string output = 2; string op_type = 4; repeated AttributeProto attribute = 5;
}
message Dimension { int64 dim_value = 1; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message GraphProto {
  repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message ModelProto { int64 ir_version = 1; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`;

export const ModelProto: protobuf.Type = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('ModelProto');
