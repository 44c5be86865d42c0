// What a call costs the host; and graphs, whose results must be those of the calls that were captured.

import { RMSNorm } from '@rmsnorm/core';
import { native, nativeDevice, providerOn } from './built.mjs';
import { Clock } from './speed/clock.mjs';
import { median } from './speed/judge.mjs';

const CALLS = 10_000;
/** Fewer than what a stream takes before the host must wait. */
const CALLS_AT_ONCE = 200;
const WARM_UP_CALLS = 2_000;
const SHAPE = [1, 1024];
const LAYERS = 32;
const LAUNCHES = 100;

/** The addon, with the numbers of the last call kept. */
function keeping(kept) {
  return {
    fields: native.fields,
    probe: native.probe,
    open(options) {
      const backend = native.open(options);
      const launch = (call) => {
        kept.call = call;
        backend.launch(call);
      };
      return { ...backend, launch };
    },
  };
}

/** Microseconds of each call, in runs between which the device is waited for. */
async function hostCost(call, wait, calls) {
  const costs = [];
  for (let done = 0; done < calls; done += CALLS_AT_ONCE) {
    const begin = performance.now();
    for (let i = 0; i < CALLS_AT_ONCE; i++) call();
    costs.push(((performance.now() - begin) * 1000) / CALLS_AT_ONCE);
    await wait();
  }
  return { mean: costs.reduce((sum, cost) => sum + cost, 0) / costs.length, median: median(costs) };
}

/** { calls, forward: { mean, median }, addon: { mean, median } } in microseconds; addon: the launch alone, without core. */
export async function measureHost({ device, isEmulated }) {
  const calls = isEmulated ? CALLS_AT_ONCE : CALLS;
  const backend = await providerOn(device).create();
  const norm = new RMSNorm({ dim: SHAPE[1], axis: -1 });
  const [x, y] = [backend.tensor(new Float32Array(SHAPE[1]).fill(3), SHAPE), backend.empty(SHAPE)];
  const out = { out: y };
  const wait = () => y.data();
  const call = () => norm.forward(x, out);
  await hostCost(call, wait, isEmulated ? CALLS_AT_ONCE : WARM_UP_CALLS);
  const forward = await hostCost(call, wait, calls);
  norm.dispose();
  await backend.dispose();
  return { calls, forward, addon: await addonCost(device, calls) };
}

async function addonCost(device, calls) {
  const kept = {};
  const number = nativeDevice(device);
  const backend = await providerOn(device, keeping(kept)).create();
  const x = backend.tensor(new Float32Array(SHAPE[1]).fill(3), SHAPE);
  const norm = new RMSNorm({ dim: SHAPE[1], axis: -1, affine: false });
  const y = norm.forward(x);
  const raw = native.open({ ...number, stream: backend.stream });
  const cost = await hostCost(
    () => raw.launch(kept.call),
    () => y.data(),
    calls,
  );
  await new Promise((resolve) => raw.close(resolve));
  await backend.dispose();
  return cost;
}

/** { layers, launches, same, launchMicroseconds, normMicroseconds }: whether the bits are those of calls, and the cost of a launch to host and device. */
export async function checkGraphs({ device, isEmulated }) {
  const backend = await providerOn(device).create();
  const norms = Array.from({ length: LAYERS }, () => new RMSNorm({ dim: SHAPE[1], axis: -1, bias: true }));
  const start = Float32Array.from({ length: SHAPE[1] }, (_, i) => ((i * 37) % 101) - 50);
  const x = backend.tensor(start, SHAPE);
  const [called, launched] = [backend.empty(SHAPE), backend.empty(SHAPE)];
  const layersInto = (y) => {
    norms[0].forward(x, y);
    for (const norm of norms.slice(1)) norm.forward(y, y);
  };
  layersInto(called);
  const graph = backend.capture(() => layersInto(launched));
  const launches = isEmulated ? 2 : LAUNCHES;
  graph.launch();
  const begin = performance.now();
  for (let i = 0; i < launches; i++) graph.launch();
  const launchMicroseconds = ((performance.now() - begin) * 1000) / launches;
  const same = Buffer.compare(bytesOf(await called.data()), bytesOf(await launched.data())) === 0;
  const clock = new Clock(backend.stream, nativeDevice(device));
  const ms = clock.time(() => {
    for (let i = 0; i < launches; i++) graph.launch();
  });
  graph.dispose();
  await backend.dispose();
  return { layers: LAYERS, launches, same, launchMicroseconds, normMicroseconds: (ms * 1000) / launches / LAYERS };
}

function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
