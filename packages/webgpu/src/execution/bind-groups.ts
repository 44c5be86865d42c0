import { deviceError, type ErrorScopes } from '../device/error-scopes.ts';
import type { Block, Memory } from '../memory/block.ts';
import type { BindingSource, CachedBindGroup, ReadyDispatch } from './ready-plan.ts';

/** Of one dispatch: a loop over a few tensors finds its bind groups again, and a stream of ever new tensors does not pile them up. */
const MOST_GROUPS = 32;

/** Bind groups by what they bind. */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #scopes: ErrorScopes;

  constructor(device: GPUDevice, scopes: ErrorScopes) {
    this.#device = device;
    this.#scopes = scopes;
  }

  get(
    dispatch: ReadyDispatch,
    blocks: readonly (Block | null)[],
    scratch: readonly Memory[],
    uniforms: Memory | null,
  ): GPUBindGroup {
    const { groups } = dispatch;
    for (let i = 0; i < groups.length; i++) {
      const candidate = groups[i]!;
      if (!binds(candidate, dispatch, blocks, scratch)) continue;
      // The most recent one first.
      if (i > 0) {
        groups.splice(i, 1);
        groups.unshift(candidate);
      }
      return candidate.group;
    }
    const made = this.#make(dispatch, blocks, scratch, uniforms);
    groups.unshift(made);
    if (groups.length > MOST_GROUPS) groups.pop();
    return made.group;
  }

  #make(
    dispatch: ReadyDispatch,
    blocks: readonly (Block | null)[],
    scratch: readonly Memory[],
    uniforms: Memory | null,
  ): CachedBindGroup {
    const entries = dispatch.sources.map(({ operand, scratch: index, offset, size }, binding): GPUBindGroupEntry => {
      const block = operand >= 0 ? blocks[operand]! : null;
      const { buffer } = block?.memory ?? scratch[index]!;
      const from = (block?.offset ?? 0) + offset;
      return { binding, resource: { buffer, offset: from, size: size ?? block!.bytes - offset } };
    });
    if (dispatch.uniforms !== null) {
      const { offset, size } = dispatch.uniforms;
      entries.push({ binding: entries.length, resource: { buffer: uniforms!.buffer, offset, size } });
    }
    const { layout } = dispatch.pipeline;
    const group = this.#scopes.watch(
      'validation',
      () => this.#device.createBindGroup({ layout: layout.bindings, entries }),
      (error) => {
        if (error) dispatch.fault = deviceError(error, 'the device refused a buffer');
      },
    );
    return { bindingIds: dispatch.sources.map((source) => bindingIdOf(source, blocks, scratch)), group };
  }
}

function binds(
  { bindingIds }: CachedBindGroup,
  { sources }: ReadyDispatch,
  blocks: readonly (Block | null)[],
  scratch: readonly Memory[],
): boolean {
  for (let i = 0; i < sources.length; i++) {
    if (bindingIdOf(sources[i]!, blocks, scratch) !== bindingIds[i]) return false;
  }
  return true;
}

function bindingIdOf(
  { operand, scratch: index }: BindingSource,
  blocks: readonly (Block | null)[],
  scratch: readonly Memory[],
): number {
  return operand >= 0 ? blocks[operand]!.bindingId : scratch[index]!.id;
}
