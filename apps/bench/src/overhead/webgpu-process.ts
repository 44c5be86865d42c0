// The child process of measureWebGPUCalls: measures, sends what it found, and ends.

import { RMSNorm, type Tensor } from '@rmsnorm/core';
import { type WebGPUBackend, webgpu } from '@rmsnorm/webgpu';
import { create } from 'webgpu';
import { interleave } from '../method/interleave.ts';
import { quartiles } from '../method/statistics.ts';
import { wallClock } from '../method/stopwatch.ts';
import type { CallTime, WebGPUCalls } from '../results.ts';

/** Fewer dispatches than the backend submits at once: no turn waits for the device. */
const CALLS = 200;
const ROWS = 4;
const FEATURES = 64;
const LAYERS = 8;

const [rounds] = process.argv.slice(2).map(Number);
const backend = await webgpu({ gpu: create([]) }).create();
const x = tensor();
const calls = [];
for (const [call, once] of Object.entries(callsOn(x))) {
  calls.push({ call, withDawn: await timeOf(once, (run) => run()), javaScript: await timeOf(once, record) });
}
const { device } = backend;
await backend.dispose();
process.send!({ device, rounds: rounds!, callsInRound: CALLS, calls } satisfies WebGPUCalls, () => process.exit());

/** Steady calls of every operation, on few rows: their outputs are there already. */
function callsOn(x: Tensor): Record<string, () => void> {
  const norm = new RMSNorm({ dim: FEATURES, axis: -1 });
  const plain = new RMSNorm({ dim: FEATURES, axis: -1, affine: false });
  const [z, y, sum, dx] = [tensor(), tensor(), tensor(), tensor()];
  const rstd = backend.empty([ROWS, 1, 1]);
  const sums = norm.sumSquares(x);
  const quantized = norm.forwardQuantized(x);
  const layers = Array.from({ length: LAYERS }, tensor);
  let layer = 0;
  return {
    'forward(x, out)': () => norm.forward(x, y),
    'forward from layer to layer': () => norm.forward(layers[layer++ % LAYERS]!, layers[layer % LAYERS]),
    addForward: () => norm.addForward(x, z, { out: { y, sum } }),
    gatedForward: () => norm.gatedForward(x, z, y),
    'backward without gamma': () => plain.backward(x, z, { rstd, out: { dx } }),
    scaleBy: () => norm.scaleBy(x, sums, FEATURES, { out: y }),
    forwardQuantized: () => norm.forwardQuantized(x, { out: quantized }),
  };
}

function tensor(): Tensor {
  return backend.tensor(new Float32Array(ROWS * FEATURES).fill(2), [ROWS, FEATURES]);
}

/** Records into an encoder that does nothing: what is left is our JavaScript. */
function record(run: () => void): void {
  const nothing = (): void => {};
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const idle = {
    beginComputePass: () => pass,
    copyBufferToBuffer: nothing,
    finish: nothing,
    [Symbol.toStringTag]: 'GPUCommandEncoder',
  };
  backend.record(idle as unknown as Parameters<WebGPUBackend['record']>[0], run);
}

async function timeOf(once: () => void, within: (run: () => void) => void): Promise<CallTime> {
  const timed = wallClock((count) =>
    within(() => {
      for (let i = 0; i < count; i++) once();
    }),
  );
  const stopwatch = async (count: number): Promise<number> => {
    const ms = await timed(count);
    // What was enqueued runs now, and not beside the next turn.
    await x.data();
    return ms;
  };
  // Compiles the shaders.
  await stopwatch(CALLS);
  const { nanoseconds } = await interleave([{ stopwatch, count: CALLS }], { rounds: rounds!, leastMs: 0 });
  const samples = nanoseconds[0] as number[];
  return { leastNanoseconds: Math.min(...samples), medianNanoseconds: quartiles(samples).median };
}
