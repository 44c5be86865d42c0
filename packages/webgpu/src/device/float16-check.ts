import { type Pipeline, Pipelines } from '../execution/pipelines.ts';
import {
  FLOAT16_CHECK_BINDINGS,
  FLOAT16_CHECK_WORKGROUPS,
  float16CheckCode,
} from '../kernels/wgsl/float16-check-shader.ts';
import type { ToFloat16 } from '../plan.ts';
import { ErrorScopes } from './error-scopes.ts';
import { BUFFER_USAGE, MAP_READ } from './gpu.ts';

/** What was found, by the names of the devices and whether they have shader-f16. */
const known = new Map<string, ToFloat16>();

/**
 * How numbers become float16 on this device: by its own conversions where these round as the contract wants, else by their
 * bits. That is tried once for each kind of device, by a dispatch or two of which four bytes are read; each time where a
 * browser does not name the kind.
 */
export async function toFloat16On(device: GPUDevice): Promise<ToFloat16> {
  const { vendor, architecture, device: model, description } = device.adapterInfo ?? {};
  const f16 = device.features.has('shader-f16');
  const names = [vendor, architecture, model, description];
  const name = [...names, f16].join();
  const before = known.get(name);
  if (before !== undefined) return before;
  const found = await seenOn(device, f16);
  if (found !== null && names.some(Boolean)) known.set(name, found);
  return found ?? 'bits';
}

/** Null where there is no answer. */
async function seenOn(device: GPUDevice, f16: boolean): Promise<ToFloat16 | null> {
  for (const way of f16 ? (['f16', 'pack'] as const) : (['pack'] as const)) {
    const exact = await checkConversions(device, float16CheckCode(way));
    if (exact === null) return null;
    if (exact) return way;
  }
  return 'bits';
}

/** Whether a `float16CheckCode` finds nothing wrong; null where there is no answer. Errors of the device stay in here. */
export async function checkConversions(device: GPUDevice, code: string): Promise<boolean | null> {
  const scopes = new ErrorScopes(device);
  const pipelines = new Pipelines(device, scopes);
  const buffers: GPUBuffer[] = [];
  let faults = 0;
  const watch = <T>(filter: GPUErrorFilter, call: () => T): T =>
    scopes.watch(filter, call, (fault) => {
      if (fault !== null) faults++;
    });
  try {
    const { answer, mapped, pipeline } = watch('internal', () =>
      watch('out-of-memory', () => watch('validation', () => submitCheck(device, pipelines, code, buffers))),
    );
    await Promise.all([mapped, scopes.settled]);
    if (faults > 0 || pipeline.fault) return null;
    return new Uint32Array(answer.getMappedRange())[0] === 0;
  } catch {
    // A lost device says so at the first call; the bits are right on any.
    return null;
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}

/** Submits the check, whose buffers are added to `buffers`: its answer, and a promise that it can be read. */
function submitCheck(
  device: GPUDevice,
  pipelines: Pipelines,
  code: string,
  buffers: GPUBuffer[],
): { answer: GPUBuffer; mapped: Promise<unknown>; pipeline: Pipeline } {
  const buffer = (usage: number): GPUBuffer => {
    const made = device.createBuffer({ size: 4, usage });
    buffers.push(made);
    return made;
  };
  const wrong = buffer(BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC);
  const zero = buffer(BUFFER_USAGE.STORAGE);
  const answer = buffer(BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST);
  const pipeline = pipelines.get({ key: 'float16-check', code: () => code }, FLOAT16_CHECK_BINDINGS, false);
  const entries = [wrong, zero].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.layout.bindings, entries });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipelines.compile(pipeline));
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(FLOAT16_CHECK_WORKGROUPS);
  pass.end();
  encoder.copyBufferToBuffer(wrong, 0, answer, 0, 4);
  device.queue.submit([encoder.finish()]);
  return { answer, mapped: answer.mapAsync(MAP_READ), pipeline };
}
