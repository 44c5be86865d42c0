// Prints what a call costs on the processor, once plans, pipelines and bind groups are there: in JavaScript, and with
// Dawn's part. node scripts/call-time.mjs, on the Vulkan driver of the environment. The device's own time is not in it.
import { RMSNorm } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';
import { create } from 'webgpu';

const ROUNDS = 25;
const CALLS = 200; // fewer dispatches than are submitted at once
const SHAPE = [4, 64];

const backend = await webgpu({ gpu: create([]) }).create();
const tensor = () => backend.tensor(new Float32Array(4 * 64).fill(2), SHAPE);
const norm = new RMSNorm({ dim: 64, axis: -1 });
const plain = new RMSNorm({ dim: 64, axis: -1, affine: false });
const [x, z, y, sum, dx, rstd] = [tensor(), tensor(), tensor(), tensor(), tensor(), backend.empty([4, 1, 1])];
const sums = norm.sumSquares(x);
const out = norm.forwardQuantized(x);
const layers = Array.from({ length: 8 }, tensor);
let layer = 0;

const CASES = {
  'forward(x, out)': () => norm.forward(x, y),
  'forward from layer to layer': () => norm.forward(layers[layer++ % 8], layers[layer % 8]),
  addForward: () => norm.addForward(x, z, { out: { y, sum } }),
  gatedForward: () => norm.gatedForward(x, z, y),
  'backward without gamma': () => plain.backward(x, z, { rstd, out: { dx } }),
  scaleBy: () => norm.scaleBy(x, sums, 64, { out: y }),
  forwardQuantized: () => norm.forwardQuantized(x, { out }),
};

/** An encoder that does nothing, so that what is left is JavaScript. */
const nothing = () => {};
const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
const idle = { beginComputePass: () => pass, copyBufferToBuffer: nothing, [Symbol.toStringTag]: 'GPUCommandEncoder' };

/** Microseconds of one call, sorted. */
async function measure(call, within) {
  const micros = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    within(() => {
      for (let i = 0; i < CALLS; i++) call();
    });
    const took = ((performance.now() - start) / CALLS) * 1000;
    // The first one compiles.
    if (round > 0) micros.push(took);
    // What was enqueued runs now, and not beside the next round.
    await x.data();
  }
  return micros.sort((a, b) => a - b);
}

const show = (micros) => `${micros[0].toFixed(1).padStart(6)} ${micros[ROUNDS >> 1].toFixed(1).padStart(8)}`;

console.log(`${backend.device}; Node ${process.version}; microseconds of one call, ${ROUNDS} rounds of ${CALLS}`);
console.log('JavaScript        with Dawn');
console.log(' least   median   least   median');
for (const [name, call] of Object.entries(CASES)) {
  const all = await measure(call, (calls) => calls());
  const own = await measure(call, (calls) => backend.record(idle, calls));
  console.log(`${show(own)}  ${show(all)}  ${name}`);
}
await backend.dispose();
