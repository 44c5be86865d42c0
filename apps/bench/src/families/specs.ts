import type { FloatDType } from '@rmsnorm/core';
import type { Adapter } from '../chromium/launch.ts';
import type { BenchShape } from '../shapes.ts';
import type { Place, Spec, Target } from '../spec.ts';
import { gpuClockRows } from './gpu-clock.ts';
import { peerRows } from './peers.ts';
import type { TableRow } from './row.ts';
import { threadRows } from './threads.ts';

/** Sizes up to 16 MiB of float32: what `--quick` keeps. */
const QUICK_ELEMENTS = 4 * 2 ** 20;

/**
 * The largest tensors of WebGPU where a processor computes it: in float32 32 MiB in a page, 16 MiB by the GPU's clock and
 * 4 MiB in Node, whose WebGPU is the same engine as the page's.
 */
const SOFTWARE_ELEMENTS: Readonly<Partial<Record<Target, number>>> = {
  'chromium-webgpu': 2 ** 23,
  'gpu-clock': 2 ** 22,
  'node-webgpu': 2 ** 20,
};

export interface Scope {
  /** How many threads each candidate may use; {@link defaultThreads} unless given. */
  readonly threads?: number | null;
  readonly quick?: boolean;
  readonly adapter?: Adapter;
}

/** Every row of every table of these targets, in their order. */
export function specs(targets: readonly Target[], scope: Scope = {}): Spec[] {
  return targets.flatMap((target) => specsOf(target, scope));
}

function specsOf(target: Target, { threads = null, quick = false, adapter = 'swiftshader' }: Scope): Spec[] {
  const software = adapter === 'swiftshader' ? SOFTWARE_ELEMENTS[target] : undefined;
  const most = Math.min(software ?? Number.POSITIVE_INFINITY, quick ? QUICK_ELEMENTS : Number.POSITIVE_INFINITY);
  return rowsOf(target)
    .filter(({ shape }) => shape.elements <= most)
    .map(({ family, place, dtype, shape, op }) => ({
      id: specId(target, family, place, dtype, shape),
      ...{ target, family, op, place, dtype, shape },
      threads: threads ?? defaultThreads(target),
    }));
}

function rowsOf(target: Target): TableRow[] {
  switch (target) {
    case 'node':
    case 'node-webgpu':
    case 'chromium':
    case 'chromium-webgpu':
      return peerRows(target);
    case 'gpu-clock':
    case 'cuda':
      return gpuClockRows();
    case 'threads':
      return threadRows();
    default:
      throw new Error(`no rows for ${target satisfies never}`);
  }
}

/** One thread for every candidate; two where threads are compared with one. */
export function defaultThreads(target: Target): number {
  return target === 'threads' ? 2 : 1;
}

export function specId(target: Target, family: string, place: Place, dtype: FloatDType, shape: BenchShape): string {
  return `${target}/${family}/${place}/${dtype}/${shape.id}`;
}
