import * as tf from '@tensorflow/tfjs-core';
import { inputArrays, type Workload } from '../workload.ts';
import { layoutDims } from './layout-dims.ts';

export type TfOutputs = Record<string, tf.Tensor>;

/** A workload in operations of TensorFlow.js, which has no RMSNorm. */
export interface TfGraph {
  readonly gamma: tf.Tensor;
  upload(): tf.Tensor[];
  compute(x: tf.Tensor, second?: tf.Tensor): TfOutputs;
}

/** @throws Error where TensorFlow.js has no tensors for it */
export function tfGraph(work: Workload): TfGraph {
  const { op, dtype, eps, shape } = work;
  if (dtype !== 'float32') throw new Error(`TensorFlow.js has no ${dtype} tensors`);
  if (op === 'forwardQuantized') throw new Error('TensorFlow.js has no int8 tensors');
  const dims = layoutDims(shape.layout);
  const gamma = tf.tensor(work.gamma, [...dims.gamma]);
  const reciprocalRms = (x: tf.Tensor): tf.Tensor => tf.rsqrt(tf.add(tf.mean(tf.square(x), dims.axis, true), eps));
  const norm = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, reciprocalRms(x)), gamma);
  const tensor = (data: Float32Array | Uint16Array): tf.Tensor => tf.tensor(data as Float32Array, [...dims.x]);
  return {
    gamma,
    upload: () => inputArrays(work).map((data) => tensor(data!)),
    compute: (x, second) =>
      tf.tidy((): TfOutputs => {
        switch (op) {
          case 'forward':
            return { y: norm(x) };
          case 'addForward': {
            const sum = tf.add(x, second!);
            return { y: norm(sum), sum };
          }
          case 'gatedForward':
            return { y: norm(tf.mul(x, tf.mul(second!, tf.sigmoid(second!)))) };
          case 'backward': {
            // With n = x * r and g = dy * gamma: dx = r * (g - n * mean(g * n)), dgamma = sum(dy * n).
            const r = reciprocalRms(x);
            const n = tf.mul(x, r);
            const g = tf.mul(second!, gamma);
            const mean = tf.mean(tf.mul(g, n), dims.axis, true);
            return {
              dx: tf.mul(r, tf.sub(g, tf.mul(n, mean))),
              dgamma: tf.sum(tf.mul(second!, n), [...dims.others]),
            };
          }
          default:
            throw new Error(`no graph is known of ${op satisfies never}`);
        }
      }),
  };
}
