import type { FloatDType } from '@rmsnorm/core';
import { encode } from '@rmsnorm/core';
import type { OnnxGraph, OnnxInitializer, OnnxNode } from '@rmsnorm/onnx-model';
import type { Workload } from '../workload.ts';

/** The first opset with RMSNormalization. */
export const OPSET = 23;

/**
 * A workload as ONNX says it: RMSNormalization over the last axis, from value `x` to value `y`. ONNX normalizes all axes
 * from `axis` on, so channels-first takes a transposition before and one after; groups are an axis of their own.
 */
export function rmsNormalizationGraph(work: Workload): Pick<OnnxGraph, 'nodes' | 'initializers'> {
  const { shape, dtype, gamma, eps } = work;
  const { outer, groups, size, inner } = shape.layout;
  const norm = (x: string, y: string): OnnxNode => ({
    op: 'RMSNormalization',
    inputs: [x, 'gamma'],
    output: y,
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
  const weights = {
    name: 'gamma',
    type: dtype,
    dims: groups === 1 ? [size] : [groups, size],
    data: elements(gamma, dtype),
  };
  if (inner > 1) {
    const last = shape.shape.length - 1;
    const spatial = Array.from({ length: last - 1 }, (_, i) => i + 2);
    const channelsLast = [0, ...spatial, 1];
    const channelsFirst = [0, last, ...spatial.map((axis) => axis - 1)];
    return {
      nodes: [
        { op: 'Transpose', inputs: ['x'], output: 'rows', attributes: { perm: { ints: channelsLast } } },
        norm('rows', 'normed'),
        { op: 'Transpose', inputs: ['normed'], output: 'y', attributes: { perm: { ints: channelsFirst } } },
      ],
      initializers: [weights],
    };
  }
  if (groups > 1) {
    return {
      nodes: [
        { op: 'Reshape', inputs: ['x', 'grouped'], output: 'rows' },
        norm('rows', 'normed'),
        { op: 'Reshape', inputs: ['normed', 'flat'], output: 'y' },
      ],
      initializers: [weights, int64('grouped', [outer, groups, size]), int64('flat', shape.shape)],
    };
  }
  return { nodes: [norm('x', 'y')], initializers: [weights] };
}

export function int64(name: string, values: readonly number[]): OnnxInitializer {
  return { name, type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

function elements(values: Float32Array, dtype: FloatDType): Float32Array | Uint16Array {
  return dtype === 'float32' ? values : encode(values, dtype);
}
