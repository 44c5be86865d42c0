import protobuf from 'protobufjs/minimal.js';

// Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, written with protobufjs' own writer: a model of
// a node or two needs no generated code.

export type OnnxType = 'float32' | 'float16' | 'bfloat16' | 'int64';

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

export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly (OnnxValue & { readonly data: Float32Array | Uint16Array | BigInt64Array })[];
}

const ELEMENT_TYPE: Readonly<Record<OnnxType, number>> = { float32: 1, int64: 7, float16: 10, bfloat16: 16 };
// The first that knows opset 23.
const IR_VERSION = 11;

/** The bytes of a ModelProto of this graph, for ONNX's own operators of `opset`. */
export function onnxModel(graph: OnnxGraph, opset: number): Uint8Array {
  const model = protobuf.Writer.create();
  int(model, 1, IR_VERSION);
  message(model, 7, (g) => {
    for (const node of graph.nodes) message(g, 1, (w) => writeNode(w, node));
    text(g, 2, 'graph');
    for (const initializer of graph.initializers) {
      message(g, 5, (w) => {
        for (const length of initializer.dims) int(w, 1, length);
        int(w, 2, ELEMENT_TYPE[initializer.type]);
        text(w, 8, initializer.name);
        const { buffer, byteOffset, byteLength } = initializer.data;
        tag(w, 9, 2).bytes(new Uint8Array(buffer, byteOffset, byteLength));
      });
    }
    for (const input of graph.inputs) message(g, 11, (w) => writeValue(w, input));
    for (const output of graph.outputs) message(g, 12, (w) => writeValue(w, output));
  });
  message(model, 8, (w) => int(w, 2, opset));
  return model.finish();
}

function writeNode(w: protobuf.Writer, { op, inputs, output, attributes }: OnnxNode): void {
  for (const input of inputs) text(w, 1, input);
  text(w, 2, output);
  text(w, 4, op);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    message(w, 5, (a) => {
      text(a, 1, name);
      if ('float' in value) tag(a, 2, 5).float(value.float);
      if ('int' in value) int(a, 3, value.int);
      if ('ints' in value) for (const item of value.ints) int(a, 8, item);
      int(a, 20, 'float' in value ? 1 : 'int' in value ? 2 : 7);
    });
  }
}

function writeValue(w: protobuf.Writer, { name, type, dims }: OnnxValue): void {
  text(w, 1, name);
  message(w, 2, (t) =>
    message(t, 1, (tensor) => {
      int(tensor, 1, ELEMENT_TYPE[type]);
      message(tensor, 2, (shape) => {
        for (const length of dims) message(shape, 1, (dimension) => int(dimension, 1, length));
      });
    }),
  );
}

function tag(w: protobuf.Writer, field: number, wireType: number): protobuf.Writer {
  return w.uint32((field << 3) | wireType);
}

function int(w: protobuf.Writer, field: number, value: number): void {
  tag(w, field, 0).int64(value);
}

function text(w: protobuf.Writer, field: number, value: string): void {
  tag(w, field, 2).string(value);
}

function message(w: protobuf.Writer, field: number, write: (w: protobuf.Writer) => void): void {
  write(tag(w, field, 2).fork());
  w.ldelim();
}
