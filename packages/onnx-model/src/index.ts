export { type OnnxAttribute, type OnnxGraph, type OnnxInitializer, type OnnxNode, onnxModel } from './model.ts';
export { elementType, type OnnxType, type OnnxValue } from './value.ts';
