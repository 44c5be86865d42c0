import { RMSNormError } from '@rmsnorm/core';
import type { Binding, Capabilities } from '../../plan.ts';
import type { Problem } from '../problem.ts';
import type { Part } from '../wgsl/parameters.ts';

/** Bytes of a buffer for each slab [size, inner] of a tensor; buffers that are not named belong to all slabs. */
export type BytesPerSlab = Readonly<Record<string, number>>;

/**
 * The slabs of a problem, in as few parts as bindings allow: each buffer's part fits into a binding and starts at a
 * multiple of what offsets must be.
 *
 * @param together slabs that must not be parted
 * @throws RMSNormError UNSUPPORTED where not even the least part fits
 */
export function partsOf(p: Problem, { limits }: Capabilities, buffers: BytesPerSlab, together = 1): Part[] {
  const slabs = p.outer * p.groups;
  const sizes = Object.values(buffers);
  const most = Math.floor(limits.maxStorageBufferBindingSize / Math.max(...sizes));
  if (slabs <= most) return [{ firstSlab: 0, slabs }];

  const alignment = limits.minStorageBufferOffsetAlignment;
  // Of slabs that must not be parted a slab may have a fraction of a byte, all of them together have none.
  const bytesTogether = sizes.map((bytes) => Math.round(bytes * together));
  const step =
    together *
    bytesTogether.reduce((least, bytes) => leastCommonMultiple(least, alignment / divisor(bytes, alignment)), 1);
  const each = Math.floor(most / step) * step;
  if (each === 0) {
    throw new RMSNormError(
      'UNSUPPORTED',
      `[${p.outer}, ${p.groups}, ${p.size}, ${p.inner}] ${p.dtype} needs bindings of ${Math.min(step, slabs) * Math.max(...sizes)} bytes, ` +
        `the device's maxStorageBufferBindingSize is ${limits.maxStorageBufferBindingSize}: use a device made with a ` +
        'larger limit, or smaller tensors',
    );
  }
  return Array.from({ length: Math.ceil(slabs / each) }, (_, i) => ({
    firstSlab: i * each,
    slabs: Math.min(each, slabs - i * each),
  }));
}

/** The range of a buffer that belongs to a part. */
export function rangeIn(buffers: BytesPerSlab, part: Part, all: boolean): (name: string) => Partial<Binding> {
  return (name) => {
    const bytes = buffers[name];
    if (bytes === undefined || all) return {};
    return { offset: Math.round(part.firstSlab * bytes), size: Math.ceil(Math.round(part.slabs * bytes) / 4) * 4 };
  };
}

/** Workgroups in a grid, which has at most so many along an axis: a kernel leaves out those beyond its problem. */
export function gridOf(workgroups: number, { limits }: Capabilities): readonly [number, number, number] {
  const most = limits.maxComputeWorkgroupsPerDimension;
  const y = Math.ceil(workgroups / most);
  return [Math.ceil(workgroups / y), y, 1];
}

/** The index of a workgroup in such a grid. */
export const WORKGROUP_INDEX = 'workgroup.x + workgroup.y * grid.x';
export const BUILTINS = `@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32`;

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / divisor(a, b)) * b;
}
