import type { Halves } from './dispatch.ts';
import { type GPUBufferLike, type GPUDeviceLike, MAP_READ, USAGE } from './gpu.ts';
import { HALF_CHECK_WORKGROUPS, halfCheckCode } from './kernels/half-check.ts';

const COMPUTE_STAGE = 4;

/** By what the devices are called, and whether they have shader-f16. */
const known = new Map<string, Halves>();

/**
 * How a device converts numbers to float16 as the contract wants it, found out once for each kind of device, by a dispatch
 * or two of which four bytes are read. Where that fails, by their bits.
 */
export async function halvesOn(device: GPUDeviceLike): Promise<Halves> {
  const { vendor, architecture, device: model, description } = device.adapterInfo ?? {};
  const f16 = device.features.has('shader-f16');
  const name = [vendor, architecture, model, description, f16].join();
  const before = known.get(name);
  if (before !== undefined) return before;
  for (const halves of f16 ? (['f16', 'pack'] as const) : (['pack'] as const)) {
    const exact = await checkHalves(device, halfCheckCode(halves));
    if (exact === null) return 'bits';
    if (exact) return remember(name, halves);
  }
  return remember(name, 'bits');
}

function remember(name: string, halves: Halves): Halves {
  known.set(name, halves);
  return halves;
}

/** Whether a `halfCheckCode` finds nothing wrong; null where there is no answer. */
export async function checkHalves(device: GPUDeviceLike, code: string): Promise<boolean | null> {
  const wrong = device.createBuffer({ size: 4, usage: USAGE.STORAGE | USAGE.COPY_SRC });
  const zero = device.createBuffer({ size: 4, usage: USAGE.STORAGE });
  const answer = device.createBuffer({ size: 4, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  try {
    // A scope around calls that are made at once: what the device says against them concerns nobody else.
    device.pushErrorScope('validation');
    let said: Promise<unknown>;
    try {
      submitCheck(device, code, wrong, zero, answer);
    } finally {
      said = device.popErrorScope();
    }
    const [fault] = await Promise.all([said, answer.mapAsync(MAP_READ)]);
    return fault === null ? new Uint32Array(answer.getMappedRange())[0] === 0 : null;
  } catch {
    // A lost device says so at the first call; the bits are right on any.
    return null;
  } finally {
    for (const buffer of [wrong, zero, answer]) buffer.destroy();
  }
}

function submitCheck(
  device: GPUDeviceLike,
  code: string,
  wrong: GPUBufferLike,
  zero: GPUBufferLike,
  answer: GPUBufferLike,
): void {
  const types = ['storage', 'read-only-storage'];
  const entries = types.map((type, binding) => ({ binding, visibility: COMPUTE_STAGE, buffer: { type } }));
  const bindings = device.createBindGroupLayout({ entries } as never);
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindings] } as never);
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout, compute: { module, entryPoint: 'main' } } as never);
  const resources = [wrong, zero].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: bindings, entries: resources } as never);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline as never);
  pass.setBindGroup(0, group as never);
  pass.dispatchWorkgroups(HALF_CHECK_WORKGROUPS);
  pass.end();
  encoder.copyBufferToBuffer(wrong as never, 0, answer as never, 0, 4);
  device.queue.submit([encoder.finish()] as never);
}
