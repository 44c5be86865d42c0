import { bufferCopy } from '../candidates/buffer-copy.ts';
import { jaxWebgpu } from '../candidates/jax-webgpu.ts';
import { onnxruntimeWebgpu } from '../candidates/onnxruntime-webgpu.ts';
import { rmsnormWebgpu } from '../candidates/rmsnorm-webgpu.ts';
import { tfjsWebgpu } from '../candidates/tfjs-webgpu.ts';
import { wgslCopy } from '../candidates/wgsl-copy.ts';
import type { Lineup } from './lineup.ts';

/** Candidates on the device of `navigator.gpu`, in a page or in Node. */
export const WEBGPU: Lineup = () => [rmsnormWebgpu, wgslCopy, bufferCopy, onnxruntimeWebgpu, tfjsWebgpu, jaxWebgpu];
