export { type OnnxAttribute, type OnnxGraph, type OnnxInitializer, type OnnxNode, onnxModel } from './model.ts';
export type { OnnxType, OnnxValue } from './value.ts';
