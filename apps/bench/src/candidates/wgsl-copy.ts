import type { Entrant } from '../candidate.ts';
import { type CopyOn, gpuCopy } from './gpu-copy.ts';

const WORKGROUP = 256;

const SOURCE = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4u>;

@compute @workgroup_size(${WORKGROUP})
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${WORKGROUP}u + id.x;
  if (i < arrayLength(&source)) { destination[i] = source[i]; }
}`;

export const copyByShader: CopyOn = (device) => {
  const module = device.createShaderModule({ code: SOURCE });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'copy' } });
  return (from, to) => {
    const bindGroup = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [from, to].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const workgroups = Math.ceil(from.size / 16 / WORKGROUP);
    const across = Math.min(workgroups, device.limits.maxComputeWorkgroupsPerDimension);
    return (encoder) => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(across, Math.ceil(workgroups / across));
      pass.end();
    };
  };
};

export const wgslCopy: Entrant = {
  name: 'wgsl-copy',
  does: 'copy',
  about: 'the ceiling: a WGSL shader that reads and writes as many bytes, 16 by each invocation',
  create: (work) => gpuCopy(work, copyByShader),
};
