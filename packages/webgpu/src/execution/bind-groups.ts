import { deviceError, type Scopes } from '../device/error-scopes.ts';
import type { GPUDeviceLike, GPUObject } from '../device/gpu.ts';
import type { Block, Memory } from '../memory/memory.ts';
import type { Step } from './ready-plans.ts';

/** Of one step: a loop over a few buffers finds its groups again, and a stream of ever new ones does not pile them up. */
const MOST_GROUPS = 32;

export interface Group {
  readonly places: readonly number[];
  readonly group: GPUObject;
}

/** Bind groups by the places that they bind. */
export class BindGroups {
  readonly #device: GPUDeviceLike;
  readonly #scopes: Scopes;

  constructor(device: GPUDeviceLike, scopes: Scopes) {
    this.#device = device;
    this.#scopes = scopes;
  }

  get(step: Step, blocks: readonly (Block | null)[], scratch: readonly Memory[], uniforms: Memory | null): GPUObject {
    const { groups } = step;
    for (let i = 0; i < groups.length; i++) {
      const candidate = groups[i]!;
      if (!binds(candidate, step, blocks, scratch)) continue;
      // The most recent one first.
      if (i > 0) {
        groups.splice(i, 1);
        groups.unshift(candidate);
      }
      return candidate.group;
    }
    const made = this.#make(step, blocks, scratch, uniforms);
    groups.unshift(made);
    if (groups.length > MOST_GROUPS) groups.pop();
    return made.group;
  }

  #make(step: Step, blocks: readonly (Block | null)[], scratch: readonly Memory[], uniforms: Memory | null): Group {
    const entries: object[] = step.sources.map(({ operand, scratch: index, offset, size }, binding) => {
      const block = operand >= 0 ? blocks[operand]! : null;
      const memory = block?.memory ?? scratch[index]!;
      const from = (block?.offset ?? 0) + offset;
      const bytes = size ?? block!.bytes - offset;
      return { binding, resource: { buffer: memory.buffer, offset: from, size: bytes } };
    });
    if (step.uniforms !== null) {
      const { offset, size } = step.uniforms;
      entries.push({ binding: entries.length, resource: { buffer: uniforms!.buffer, offset, size } });
    }
    const group = this.#scopes.watch(
      'validation',
      () => this.#device.createBindGroup({ layout: step.pipeline.layout.bindings, entries } as never),
      (error) => {
        if (error) step.fault = deviceError(error, 'the device refused a buffer');
      },
    );
    return { places: step.sources.map((source) => placeOf(source, blocks, scratch)), group };
  }
}

function binds(
  { places }: Group,
  { sources }: Step,
  blocks: readonly (Block | null)[],
  scratch: readonly Memory[],
): boolean {
  for (let i = 0; i < sources.length; i++) if (placeOf(sources[i]!, blocks, scratch) !== places[i]) return false;
  return true;
}

function placeOf(
  { operand, scratch: index }: Step['sources'][number],
  blocks: readonly (Block | null)[],
  scratch: readonly Memory[],
): number {
  return operand >= 0 ? blocks[operand]!.place : scratch[index]!.id;
}
