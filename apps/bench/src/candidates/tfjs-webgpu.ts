import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Entrant } from '../candidate.ts';
import { tfjs } from './tfjs.ts';

export const tfjsWebgpu: Entrant = {
  name: 'tfjs-webgpu',
  does: 'norm',
  about: 'TensorFlow.js, WebGPU: mul(mul(x, rsqrt(add(mean(square(x)), eps))), gamma), tensors on its device',
  create: (work) => tfjs('webgpu', work, finish),
};

/** Submits what TensorFlow.js has gathered, which else waits for more dispatches; and waits for the device. */
async function finish(): Promise<void> {
  const backend = tf.backend() as WebGPUBackend;
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.queue.onSubmittedWorkDone();
}
