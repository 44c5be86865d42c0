import type { Layout } from '@rmsnorm/core';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';

setThreadsCount(1);

export const tfjsWasm: Entrant = {
  name: 'tfjs-wasm',
  does: 'norm',
  about:
    'TensorFlow.js, WASM: mul(mul(x, rsqrt(add(mean(square(x)), eps))), gamma); from and to arrays: tensor() and data()',
  async create(work: Workload): Promise<Candidate | Unable> {
    if (work.dtype !== 'float32') return { unable: `TensorFlow.js has no ${work.dtype} tensors` };
    if (!(await tf.setBackend('wasm'))) return { unable: 'tf.setBackend("wasm") failed' };
    return work.place === 'resident' ? resident(work) : outside(work);
  },
};

function resident(work: Workload): Candidate {
  const normalize = normalizer(work);
  const x = upload(work);
  let y = normalize.forward(x);
  return {
    run: (count) => {
      for (let i = 0; i < count; i++) {
        y.dispose();
        y = normalize.forward(x);
      }
    },
    result: () => y.data() as Promise<Float32Array>,
    dispose: () => tf.dispose([x, y, normalize.gamma]),
  };
}

function outside(work: Workload): Candidate {
  const normalize = normalizer(work);
  let result: Float32Array | undefined;
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) {
        const x = upload(work);
        const y = normalize.forward(x);
        result = (await y.data()) as Float32Array;
        tf.dispose([x, y]);
      }
    },
    result: async () => result!,
    dispose: () => normalize.gamma.dispose(),
  };
}

function normalizer({ gamma: weights, eps, shape: { layout } }: Workload): {
  gamma: tf.Tensor;
  forward: (x: tf.Tensor) => tf.Tensor;
} {
  const axis = layout.groups === 1 ? 1 : 2;
  const gamma = tf.tensor(
    weights,
    dims(layout)
      .slice(1)
      .map((length, i) => (i + 1 > axis ? 1 : length)),
  );
  const forward = (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), axis, true), eps))), gamma));
  return { gamma, forward };
}

function upload({ x, shape }: Workload): tf.Tensor {
  return tf.tensor(x as Float32Array, dims(shape.layout));
}

/** [outer, groups, size, inner] without groups or inner where they are 1: fewer axes, faster broadcasts. */
function dims({ outer, groups, size, inner }: Layout): number[] {
  return [outer, ...(groups > 1 ? [groups] : []), size, ...(inner > 1 ? [inner] : [])];
}
