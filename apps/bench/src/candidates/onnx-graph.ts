import { encode, type FloatDType } from '@rmsnorm/core';
import {
  elementType,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxType,
  type OnnxValue,
  onnxModel,
} from '@rmsnorm/onnx-model';
import type { Workload } from '../workload.ts';
import { layoutDims } from './layout-dims.ts';

/** The first opset with RMSNormalization. */
const OPSET = 23;

/** The nodes and constants that lead from the workload's inputs to its outputs, all by name. */
export type OnnxBody = Pick<OnnxGraph, 'nodes' | 'initializers'>;

export function onnxBytes(graph: OnnxGraph): Uint8Array {
  return onnxModel(graph, OPSET);
}

/** How several groups get their gammas. ONNX allows a scale of [groups, size]; ORT's WebGPU kernel refuses it. */
export type GroupScale = 'broadcast' | 'multiplied after';

/** The workload as a model. */
export function onnxGraph(work: Workload, groupScale: GroupScale = 'broadcast'): OnnxGraph {
  return {
    ...onnxBody(work, groupScale),
    inputs: Object.keys(work.inputs).map((name) => ({ name, type: work.dtype, dims: work.shape.shape })),
    outputs: onnxOutputs(work),
  };
}

function onnxOutputs({ op, dtype, shape, gamma }: Workload): OnnxValue[] {
  const like = (name: string, type: OnnxType = dtype): OnnxValue => ({ name, type, dims: shape.shape });
  switch (op) {
    case 'forward':
    case 'gatedForward':
      return [like('y')];
    case 'addForward':
      return [like('y'), like('sum')];
    case 'backward':
      return [like('dx'), { name: 'dgamma', type: dtype, dims: [gamma.length] }];
    case 'forwardQuantized': {
      const dims = shape.shape.map((length, axis) => (axis === FEATURES ? 1 : length));
      return [like('q', 'int8'), { name: 'scales', type: 'float32', dims }];
    }
    default:
      throw new Error(`no outputs are known of ${op satisfies never}`);
  }
}

/** The axis of all features of a workload, those of every group. */
const FEATURES = 1;

export function onnxBody(work: Workload, groupScale: GroupScale = 'broadcast'): OnnxBody {
  switch (work.op) {
    case 'forward':
      return rmsNormalization(work, 'x', groupScale);
    case 'addForward':
      return after([node('Add', ['x', 'residual'], 'sum')], rmsNormalization(work, 'sum', groupScale));
    case 'gatedForward':
      return after(
        [
          node('Sigmoid', ['gate'], 'sigmoid'),
          node('Mul', ['gate', 'sigmoid'], 'silu'),
          node('Mul', ['x', 'silu'], 'gated'),
        ],
        rmsNormalization(work, 'gated', groupScale),
      );
    case 'backward':
      return backward(work);
    case 'forwardQuantized':
      return quantized(work, groupScale);
    default:
      throw new Error(`no graph is known of ${work.op satisfies never}`);
  }
}

/**
 * RMSNormalization from `x` to `y`. ONNX normalizes all axes from `axis` on: channels-first needs a transposition before and
 * one after, groups become an axis.
 */
function rmsNormalization({ shape, dtype, gamma, eps }: Workload, x: string, groupScale: GroupScale): OnnxBody {
  const { outer, groups, size, inner } = shape.layout;
  const norm = (from: string, to: string, scale = 'gamma'): OnnxNode =>
    node('RMSNormalization', [from, scale], to, { axis: { int: -1 }, epsilon: { float: eps } });
  const weights = floats('gamma', dtype, groups === 1 ? [size] : [groups, size], gamma);
  if (inner > 1) {
    const last = shape.shape.length - 1;
    const spatial = Array.from({ length: last - 1 }, (_, i) => i + 2);
    return {
      nodes: [
        node('Transpose', [x], 'rows', { perm: { ints: [0, ...spatial, 1] } }),
        norm('rows', 'normed'),
        node('Transpose', ['normed'], 'y', { perm: { ints: [0, last, ...spatial.map((axis) => axis - 1)] } }),
      ],
      initializers: [weights],
    };
  }
  if (groups > 1) {
    const multiplied = groupScale === 'multiplied after';
    const ones = floats('ones', dtype, [size], new Float32Array(size).fill(1));
    return {
      nodes: [
        node('Reshape', [x, 'grouped'], 'rows'),
        ...(multiplied
          ? [norm('rows', 'unscaled', 'ones'), node('Mul', ['unscaled', 'gamma'], 'normed')]
          : [norm('rows', 'normed')]),
        node('Reshape', ['normed', 'flat'], 'y'),
      ],
      initializers: [
        weights,
        ...(multiplied ? [ones] : []),
        int64('grouped', [outer, groups, size]),
        int64('flat', shape.shape),
      ],
    };
  }
  return { nodes: [norm(x, 'y')], initializers: [weights] };
}

/** dx = r * (g - n * mean(g * n)) with n = x * r and g = dy * gamma; dgamma = sum(dy * n). ONNX has no gradients. */
function backward({ shape, dtype, gamma, eps }: Workload): OnnxBody {
  const dims = layoutDims(shape.layout);
  return {
    nodes: [
      node('Reshape', ['x', 'layout'], 'rows'),
      node('Reshape', ['dy', 'layout'], 'drows'),
      node('Mul', ['rows', 'rows'], 'squares'),
      node('ReduceMean', ['squares', 'axis'], 'ms'),
      node('Add', ['ms', 'eps'], 'shifted'),
      node('Sqrt', ['shifted'], 'rms'),
      node('Reciprocal', ['rms'], 'r'),
      node('Mul', ['rows', 'r'], 'n'),
      node('Mul', ['drows', 'gamma'], 'g'),
      node('Mul', ['g', 'n'], 'gn'),
      node('ReduceMean', ['gn', 'axis'], 'mean'),
      node('Mul', ['n', 'mean'], 'along'),
      node('Sub', ['g', 'along'], 'across'),
      node('Mul', ['across', 'r'], 'dxRows'),
      node('Reshape', ['dxRows', 'flat'], 'dx'),
      node('Mul', ['drows', 'n'], 'terms'),
      node('ReduceSum', ['terms', 'others'], 'dgammaRows', { keepdims: { int: 0 } }),
      node('Reshape', ['dgammaRows', 'features'], 'dgamma'),
    ],
    initializers: [
      floats('gamma', dtype, dims.gamma, gamma),
      floats('eps', dtype, [1], Float32Array.of(eps)),
      int64('layout', dims.x),
      int64('flat', shape.shape),
      int64('features', [gamma.length]),
      int64('axis', [dims.axis]),
      int64('others', dims.others),
    ],
  };
}

/**
 * scales = max|y| / 127; q = y / scales, rounded to even; y is float32. Rows of zeros would need more: the bench has
 * none.
 */
function quantized(work: Workload, groupScale: GroupScale): OnnxBody {
  const { nodes, initializers } =
    work.dtype === 'float32'
      ? rmsNormalization(work, 'x', groupScale)
      : after(
          [node('Cast', ['x'], 'wide', { to: { int: elementType('float32') } })],
          rmsNormalization({ ...work, dtype: 'float32' }, 'wide', groupScale),
        );
  const scalar = (name: string, value: number): OnnxInitializer => floats(name, 'float32', [], Float32Array.of(value));
  return {
    nodes: [
      ...nodes,
      node('Abs', ['y'], 'magnitudes'),
      node('ReduceMax', ['magnitudes', 'features'], 'largest'),
      node('Div', ['largest', 'most'], 'scales'),
      node('Div', ['y', 'scales'], 'quotients'),
      node('Round', ['quotients'], 'integers'),
      node('Clip', ['integers', 'least', 'most'], 'clipped'),
      node('Cast', ['clipped'], 'q', { to: { int: elementType('int8') } }),
    ],
    initializers: [...initializers, int64('features', [FEATURES]), scalar('least', -127), scalar('most', 127)],
  };
}

function after(nodes: readonly OnnxNode[], body: OnnxBody): OnnxBody {
  return { ...body, nodes: [...nodes, ...body.nodes] };
}

export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode['attributes'] = {},
): OnnxNode {
  return { op, inputs, output, attributes };
}

export function int64(name: string, values: readonly number[]): OnnxInitializer {
  return { name, type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

function floats(name: string, type: FloatDType, dims: readonly number[], values: Float32Array): OnnxInitializer {
  return { name, type, dims, data: type === 'float32' ? values : encode(values, type) };
}
