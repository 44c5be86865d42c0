import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

// Without it, tfjs advises to install its native package whenever it runs in Node.
tf.enableProdMode();

export interface ComposedNorm {
  readonly shape: readonly number[];
  /** Axes that are normalized together. */
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/** `x * rsqrt(mean(square(x), axes) + epsilon) * gamma` in TensorFlow.js ops, on its CPU backend. */
export async function runTfjs(
  { shape, axes, epsilon }: ComposedNorm,
  x: Float32Array,
  gamma: Float32Array,
): Promise<Float32Array> {
  await tf.setBackend('cpu');
  const y = tf.tidy(() => {
    const input = tf.tensor(x, [...shape]);
    const weights = tf.tensor(
      gamma,
      shape.map((length, axis) => (axes.includes(axis) ? length : 1)),
    );
    const meanSquare = tf.mean(tf.square(input), [...axes], true);
    return tf.mul(tf.mul(input, tf.rsqrt(tf.add(meanSquare, epsilon))), weights);
  });
  try {
    return (await y.data()) as Float32Array;
  } finally {
    y.dispose();
  }
}
