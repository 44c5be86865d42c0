import { bytesPerElement } from '@rmsnorm/core';
import type { Capabilities, Dispatch, Plan, Shader } from '../plan.ts';
import { type BytesPerSlab, type SlabRange, slabRanges } from './planning/slabs.ts';
import type { KernelProblem } from './problem.ts';
import { bindingsOf, type ShaderBuffer } from './wgsl/bindings.ts';
import { parameters, type Uniforms } from './wgsl/parameters.ts';

/** A kernel with its buffers, and how many workgroups it takes. */
export interface Launch {
  readonly shader: Shader;
  readonly buffers: readonly ShaderBuffer[];
  readonly workgroups: number;
  readonly uniforms?: Uniforms;
}

/** What is launched for a range of slabs, the `index`-th. */
export type LaunchOf = (range: SlabRange, index: number) => Launch;

/** A plan for tensors that may be larger than a binding: each range of slabs has dispatches of its own. */
export class SlabPlan {
  readonly ranges: readonly SlabRange[];
  readonly #problem: KernelProblem;
  readonly #capabilities: Capabilities;
  readonly #bytes: BytesPerSlab;
  readonly #uniforms: Uniforms;

  /**
   * @param uniforms of all dispatches
   * @param together how many slabs must stay together
   * @throws RMSNormError UNSUPPORTED where not even the least range fits into bindings
   */
  constructor(
    problem: KernelProblem,
    capabilities: Capabilities,
    bytes: BytesPerSlab,
    uniforms: Uniforms = {},
    together = 1,
  ) {
    this.#problem = problem;
    this.#capabilities = capabilities;
    this.#bytes = bytes;
    this.#uniforms = uniforms;
    this.ranges = slabRanges(problem, capabilities, bytes, together);
  }

  /**
   * @param launches of each range, one after the other
   * @param scratch buffers that may lie between them
   */
  plan(launches: readonly LaunchOf[], scratch: readonly string[]): Plan {
    const dispatches = this.ranges.flatMap((range, index) =>
      launches.map((launch) => this.#dispatch(range, launch(range, index))),
    );
    const used = new Set(dispatches.flatMap(({ bindings }) => bindings.map(({ buffer }) => buffer)));
    const { outer, groups } = this.#problem;
    const bytes = (name: string): number => outer * groups * this.#bytes[name]!;
    return {
      scratch: scratch.filter((name) => used.has(name)).map((name) => ({ name, bytes: bytes(name) })),
      dispatches,
    };
  }

  #dispatch(range: SlabRange, { shader, buffers, workgroups, uniforms }: Launch): Dispatch {
    return {
      shader,
      bindings: bindingsOf(buffers).map((binding) => ({ ...binding, ...this.#part(range, binding.buffer) })),
      uniforms: parameters(this.#problem, range, { ...this.#uniforms, ...uniforms }),
      workgroups: gridOf(workgroups, this.#capabilities),
    };
  }

  /** The bytes of a buffer that belong to a range. */
  #part({ first, count }: SlabRange, buffer: string): { offset?: number; size?: number } {
    const bytes = this.#bytes[buffer];
    if (bytes === undefined || this.ranges.length === 1) return {};
    return { offset: Math.round(first * bytes), size: Math.ceil(Math.round(count * bytes) / 4) * 4 };
  }
}

/** Bytes per slab of tensors laid out as x, and of those with one number per row. */
export function bytesPerSlab(
  { size, inner, dtype }: KernelProblem,
  tensors: readonly string[],
  perRow: readonly string[] = [],
): BytesPerSlab {
  const bytes = size * inner * bytesPerElement(dtype);
  return Object.fromEntries([...tensors.map((name) => [name, bytes]), ...perRow.map((name) => [name, inner * 4])]);
}

/** Workgroups as a grid, which has at most so many along an axis: a kernel leaves out those beyond its problem. */
export function gridOf(workgroups: number, { limits }: Capabilities): readonly [number, number, number] {
  const most = limits.maxComputeWorkgroupsPerDimension;
  const y = Math.ceil(workgroups / most);
  return [Math.ceil(workgroups / y), y, 1];
}
