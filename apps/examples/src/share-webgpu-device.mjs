// An application with a WebGPU device of its own lets RMSNorm work on it: on the application's buffers, without a copy,
// and inside the application's command encoder, between two passes of its own, with one submit for all.
//
//     npm install @rmsnorm/core @rmsnorm/webgpu webgpu      (webgpu is for Node; a page has navigator.gpu)
//     node share-webgpu-device.mjs

import { RMSNorm } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';

const [ROWS, DIM, EPS] = [32, 1024, 1e-6];

// The application's own kernels: one writes the activations, the other works on their norm.
const APPLICATION_SHADER = `
  @group(0) @binding(0) var<storage, read_write> values: array<f32>;

  @compute @workgroup_size(64) fn produce(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&values)) { values[id.x] = f32(id.x * 37u % 101u) - 50.0; }
  }

  @compute @workgroup_size(64) fn relu(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&values)) { values[id.x] = max(values[id.x], 0.0); }
  }
`;

const gpu = await findGPU();
const found = await webgpu({ gpu }).probe();
if (found.ok) await main(/** @type {GPU} */ (gpu));
else console.log(`No WebGPU here: ${found.reason}${found.hint ? ` (${found.hint})` : ''}`);

/** A page's `navigator.gpu`; in Node what the npm package `webgpu` gives, where it has a build for this machine. */
async function findGPU() {
  if (globalThis.navigator?.gpu) return navigator.gpu;
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals); // GPUBufferUsage and the like
    return create([]);
  } catch {
    return undefined;
  }
}

/** @param {GPU} gpu */
async function main(gpu) {
  // What an application has already.
  const adapter = /** @type {GPUAdapter} */ (await gpu.requestAdapter());
  const device = await adapter.requestDevice();
  const bytes = 4 * ROWS * DIM;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const activations = device.createBuffer({ size: bytes, usage });
  const normed = device.createBuffer({ size: bytes, usage });
  const staging = device.createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const produce = applicationPass(device, 'produce', activations);
  const relu = applicationPass(device, 'relu', normed);

  // Once: a backend on this device, and tensors over these buffers. It is given `gpu` too, and keeps it: in Node a device
  // crashes when the object that it came from is collected.
  const backend = await webgpu({ gpu, device }).create();
  const x = backend.wrap(activations, [ROWS, DIM]);
  const y = backend.wrap(normed, [ROWS, DIM]);
  const norm = new RMSNorm({ dim: DIM, axis: -1, eps: EPS });
  await backend.prepare(norm, [[ROWS, DIM]]); // compiles the shaders now, so that the first frame does not wait

  // Each frame: one encoder, one submit for the passes of both.
  const encoder = device.createCommandEncoder();
  produce(encoder);
  backend.record(encoder, () => norm.forward(x, y));
  relu(encoder);
  device.queue.submit([encoder.finish()]);
  const result = await readBack(device, normed, staging);

  console.log(`[${x.shape}] on ${backend.device}`);
  console.log('one submit: produce, RMSNorm, ReLU, on two buffers of the application');
  console.log(`first values: ${[...result.subarray(0, 6)].map((value) => value.toFixed(4)).join(' ')}`);
  console.log(`largest error: ${largestError(result).toFixed(2)} ulp, by the formula in float64`);

  norm.dispose();
  await backend.dispose();
  // Wrapped buffers and the device stay the application's.
  const again = await readBack(device, normed, staging);
  const same = again.every((value, i) => value === result[i]);
  console.log(`the backend is disposed, the buffer still holds ${same ? 'the same values' : 'OTHER VALUES'}`);
  device.destroy();
}

/**
 * One of the application's passes over a buffer, ready to be put into an encoder.
 * @param {GPUDevice} device @param {string} entryPoint @param {GPUBuffer} values
 */
function applicationPass(device, entryPoint, values) {
  const module = device.createShaderModule({ code: APPLICATION_SHADER });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint } });
  const layout = pipeline.getBindGroupLayout(0);
  const bindGroup = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: values } }] });
  return (/** @type {GPUCommandEncoder} */ encoder) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(Math.ceil((ROWS * DIM) / 64));
    pass.end();
  };
}

/** @param {GPUDevice} device @param {GPUBuffer} source @param {GPUBuffer} staging */
async function readBack(device, source, staging) {
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.unmap();
  return values;
}

/** In units in the last place of float32. @param {Float32Array} result */
function largestError(result) {
  const x = Float64Array.from(result, (_, i) => ((i * 37) % 101) - 50);
  let largest = 0;
  for (let start = 0; start < x.length; start += DIM) {
    const row = x.subarray(start, start + DIM);
    const r = 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / DIM + EPS);
    for (let i = 0; i < DIM; i++) {
      const exact = Math.max(row[i] * r, 0);
      const ulp = 2 ** (Math.floor(Math.log2(exact || 1)) - 23);
      largest = Math.max(largest, Math.abs(result[start + i] - exact) / ulp);
    }
  }
  return largest;
}
