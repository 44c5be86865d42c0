export type OnnxType = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'int64';

/** A named tensor: an input or an output of the graph, or a constant in it. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
}

/** Numbers of the types in the schema: TensorProto.DataType. */
const ELEMENT_TYPE: Readonly<Record<OnnxType, number>> = { float32: 1, int8: 3, int64: 7, float16: 10, bfloat16: 16 };

/** The number of a type, as Cast's attribute `to` has it. */
export function elementType(type: OnnxType): number {
  return ELEMENT_TYPE[type];
}

/** An input or an output as a ValueInfoProto. */
export function valueInfo({ name, type, dims }: OnnxValue): object {
  const shape = { dim: dims.map((length) => ({ dim_value: length })) };
  return { name, type: { tensor_type: { elem_type: ELEMENT_TYPE[type], shape } } };
}
