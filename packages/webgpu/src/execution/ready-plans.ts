import { type Op, type Problem, RMSNormError } from '@rmsnorm/core';
import { type GPUObject, USAGE } from '../device/gpu.ts';
import { checkLimits, type HostLimits } from '../device/limits.ts';
import type { Aliases } from '../memory/aliases.ts';
import type { Buffers } from '../memory/buffers.ts';
import { type Block, type Memory, roundUp } from '../memory/memory.ts';
import type { Operation } from '../operations.ts';
import type { Capabilities, Dispatch, Operands, Plan, Planner } from '../plan.ts';
import type { Group } from './bind-groups.ts';
import type { Pipeline, Pipelines } from './pipelines.ts';
import type { Variant } from './variants.ts';

/** Enough for every layer and every length of a batch in a model; a plan is small. */
const MOST_CALLS = 256;

/** Where a binding's memory comes from: an operand by its position, or scratch where that is -1. */
export interface Source {
  readonly operand: number;
  readonly scratch: number;
  readonly offset: number;
  readonly size: number | undefined;
}

/** A dispatch with all that can be known before its buffers are. */
export interface Step {
  readonly pipeline: Pipeline;
  readonly sources: readonly Source[];
  readonly uniforms: { readonly offset: number; readonly size: number } | null;
  readonly workgroups: readonly [number, number, number];
  /** Most recent first. */
  readonly groups: Group[];
  fault: RMSNormError | null;
}

/** A plan, ready to be encoded with any buffers that share memory in the same way. */
export interface Call {
  readonly key: string;
  readonly present: number;
  readonly aliases: string;
  readonly op: Op;
  readonly steps: readonly Step[];
  /** Bytes of each scratch buffer. */
  readonly scratch: readonly number[];
  readonly uniforms: Memory | null;
  /** Of the last use. */
  between: readonly Memory[];
  readonly fault: () => RMSNormError | null;
  usedAt: number;
  evicted: boolean;
}

export type Planners = { readonly [O in Op]?: Planner<never> };

/** Calls by their problem, their operands, and how these share memory. */
export class Calls {
  readonly #planners: Planners;
  readonly #capabilities: Capabilities;
  readonly #pipelines: Pipelines;
  readonly #buffers: Buffers;
  readonly #limits: HostLimits;
  readonly #byKey = new Map<string, Call>();
  // The call that a problem was last used for: core keeps the problem object of a norm from call to call.
  readonly #byProblem = new WeakMap<Problem, Call>();
  #clock = 0;

  constructor(
    planners: Planners,
    capabilities: Capabilities,
    pipelines: Pipelines,
    buffers: Buffers,
    limits: HostLimits,
  ) {
    this.#planners = planners;
    this.#capabilities = capabilities;
    this.#pipelines = pipelines;
    this.#buffers = buffers;
    this.#limits = limits;
  }

  /** @throws RMSNormError UNSUPPORTED, OUT_OF_MEMORY, with the limit's name, where the device is too small */
  get(operation: Operation, p: Problem, blocks: readonly (Block | null)[], aliases: Aliases): Call {
    const present = maskOf(blocks);
    let call = this.#byProblem.get(p);
    if (
      call === undefined ||
      call.op !== operation.op ||
      call.present !== present ||
      call.aliases !== aliases.key ||
      isGone(call)
    ) {
      call = this.#find(operation, p, present, aliases, blocks);
      this.#byProblem.set(p, call);
    }
    this.#clock += 1;
    call.usedAt = this.#clock;
    return call;
  }

  compiled({ pipeline }: Step): GPUObject {
    return pipeline.compiled ?? this.#pipelines.compile(pipeline);
  }

  /** Compiles the shaders of a call that may come, without holding up anything. */
  async prepare({ op, p, operands }: Variant): Promise<void> {
    const { dispatches } = this.#plan(op, p, operands);
    await Promise.all(
      dispatches.map(({ shader, bindings, uniforms }) =>
        this.#pipelines.compileAsync(this.#pipelines.get(shader, bindings, uniforms !== null)),
      ),
    );
  }

  #plan(op: Op, p: Problem, operands: Operands): Plan {
    return (this.#planners[op] as Planner<Problem>)(p, operands, this.#capabilities);
  }

  #find(operation: Operation, p: Problem, present: number, aliases: Aliases, blocks: readonly (Block | null)[]): Call {
    const key = `${operation.op} ${present} ${aliases.key} ${Object.values(p).join()}`;
    const known = this.#byKey.get(key);
    if (known !== undefined && !isGone(known)) return known;
    if (known?.uniforms) this.#buffers.destroy(known.uniforms);
    const call = this.#build(operation, p, present, aliases, blocks, key);
    this.#byKey.set(key, call);
    if (this.#byKey.size > MOST_CALLS) this.#evictOldest();
    return call;
  }

  #build(
    operation: Operation,
    p: Problem,
    present: number,
    aliases: Aliases,
    blocks: readonly (Block | null)[],
    key: string,
  ): Call {
    const { op, names } = operation;
    const operands = {
      present: new Set(names.filter((_, i) => present & (1 << i))),
      inPlace: aliases.inPlace,
      writable: aliases.writable,
    };
    const plan = this.#plan(op, p, operands);
    checkLimits(op, plan, (name) => blocks[names.indexOf(name)]!.bytes, {
      ...this.#capabilities.limits,
      ...this.#limits,
    });
    const { dispatches, scratch } = plan;
    const { places, bytes } = this.#layOut(dispatches);
    const uniforms =
      bytes === 0
        ? null
        : this.#buffers.create(bytes, USAGE.UNIFORM, (memory) => {
            for (const [i, place] of places.entries()) {
              if (place) memory.set(new Uint8Array(dispatches[i]!.uniforms!), place.offset);
            }
          });
    const steps = dispatches.map(({ shader, bindings, workgroups }, i): Step => {
      return {
        pipeline: this.#pipelines.get(shader, bindings, places[i] !== null),
        sources: bindings.map(({ buffer, offset = 0, size }) => sourceOf(buffer, offset, size, names, scratch)),
        uniforms: places[i]!,
        workgroups,
        groups: [],
        fault: null,
      };
    });
    const call: Call = {
      ...{ key, op, present, aliases: aliases.key, steps, uniforms, usedAt: this.#clock, evicted: false },
      scratch: scratch.map((one) => roundUp(one.bytes, 4)),
      between: [],
      fault: () => faultOf(call),
    };
    return call;
  }

  /** All uniforms of a call lie in one buffer. */
  #layOut(dispatches: readonly Dispatch[]): {
    places: readonly ({ offset: number; size: number } | null)[];
    bytes: number;
  } {
    let bytes = 0;
    const places = dispatches.map(({ uniforms }) => {
      if (uniforms === null) return null;
      const offset = roundUp(bytes, this.#limits.minUniformBufferOffsetAlignment);
      const size = roundUp(uniforms.byteLength, 16);
      bytes = offset + size;
      return { offset, size };
    });
    return { places, bytes };
  }

  #evictOldest(): void {
    let oldest: Call | null = null;
    for (const call of this.#byKey.values()) if (oldest === null || call.usedAt < oldest.usedAt) oldest = call;
    this.#byKey.delete(oldest!.key);
    oldest!.evicted = true;
    if (oldest!.uniforms !== null) this.#buffers.destroy(oldest!.uniforms);
  }
}

function maskOf(blocks: readonly (Block | null)[]): number {
  let mask = 0;
  for (let i = 0; i < blocks.length; i++) if (blocks[i] !== null) mask |= 1 << i;
  return mask;
}

function sourceOf(
  buffer: string,
  offset: number,
  size: number | undefined,
  names: readonly string[],
  scratch: Plan['scratch'],
): Source {
  const operand = names.indexOf(buffer);
  if (operand >= 0) return { operand, scratch: -1, offset, size };
  const index = scratch.findIndex(({ name }) => name === buffer);
  if (index < 0)
    throw new RMSNormError('DEVICE_ERROR', `a plan binds '${buffer}', which it has not: please report this`);
  return { operand: -1, scratch: index, offset, size: size ?? roundUp(scratch[index]!.bytes, 4) - offset };
}

/** Whether it has to be built anew: also where the device was full when it was built. */
function isGone({ evicted, uniforms }: Call): boolean {
  return evicted || (uniforms !== null && uniforms.fault !== null);
}

/** Memory first: that there was none explains the rest. */
function faultOf({ steps, uniforms, between }: Call): RMSNormError | null {
  for (const memory of [uniforms, ...between]) if (memory?.fault) return memory.fault;
  for (const { pipeline, fault } of steps) {
    if (pipeline.fault ?? fault) return pipeline.fault ?? fault;
  }
  return null;
}
