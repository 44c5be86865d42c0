import { type Pipeline, Pipelines } from '../execution/pipelines.ts';
import {
  FLOAT16_CHECK_BINDINGS,
  FLOAT16_CHECK_WORKGROUPS,
  float16CheckCode,
} from '../kernels/wgsl/float16-check-shader.ts';
import type { ToFloat16 } from '../plan.ts';
import { Scopes } from './error-scopes.ts';
import { type GPUBufferLike, type GPUDeviceLike, MAP_READ, USAGE } from './gpu.ts';

/** By what the devices are called, and whether they have shader-f16. */
const known = new Map<string, ToFloat16>();

/**
 * How a device converts numbers to float16 as the contract wants it, found out once for each kind of device, by a dispatch
 * or two of which four bytes are read; each time where a browser does not tell the kind. Where that fails, by their bits.
 */
export async function toFloat16On(device: GPUDeviceLike): Promise<ToFloat16> {
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
async function seenOn(device: GPUDeviceLike, f16: boolean): Promise<ToFloat16 | null> {
  for (const way of f16 ? (['f16', 'pack'] as const) : (['pack'] as const)) {
    const exact = await checkConversions(device, float16CheckCode(way));
    if (exact === null) return null;
    if (exact) return way;
  }
  return 'bits';
}

/** Whether a `float16CheckCode` finds nothing wrong; null where there is no answer. Nothing that the device says against it is heard elsewhere. */
export async function checkConversions(device: GPUDeviceLike, code: string): Promise<boolean | null> {
  const scopes = new Scopes(device);
  const pipelines = new Pipelines(device, scopes);
  const buffers: GPUBufferLike[] = [];
  let faults = 0;
  const watch = <T>(filter: Parameters<Scopes['watch']>[0], call: () => T): T =>
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

/** Makes `buffers`, and has the check run; its answer, and when it is there. */
function submitCheck(
  device: GPUDeviceLike,
  pipelines: Pipelines,
  code: string,
  buffers: GPUBufferLike[],
): { answer: GPUBufferLike; mapped: Promise<unknown>; pipeline: Pipeline } {
  const buffer = (usage: number): GPUBufferLike => {
    const made = device.createBuffer({ size: 4, usage });
    buffers.push(made);
    return made;
  };
  const wrong = buffer(USAGE.STORAGE | USAGE.COPY_SRC);
  const zero = buffer(USAGE.STORAGE);
  const answer = buffer(USAGE.MAP_READ | USAGE.COPY_DST);
  const pipeline = pipelines.get({ key: 'float16-check', code: () => code }, FLOAT16_CHECK_BINDINGS, false);
  const entries = [wrong, zero].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.layout.bindings, entries } as never);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipelines.compile(pipeline) as never);
  pass.setBindGroup(0, group as never);
  pass.dispatchWorkgroups(FLOAT16_CHECK_WORKGROUPS);
  pass.end();
  encoder.copyBufferToBuffer(wrong as never, 0, answer as never, 0, 4);
  device.queue.submit([encoder.finish()] as never);
  return { answer, mapped: answer.mapAsync(MAP_READ), pipeline };
}
