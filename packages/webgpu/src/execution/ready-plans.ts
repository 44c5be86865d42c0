import { type Op, type Problem, RMSNormError } from '@rmsnorm/core';
import { BUFFER_USAGE } from '../device/gpu.ts';
import { checkLimits, type HostLimits } from '../device/limits.ts';
import type { Aliases } from '../memory/aliases.ts';
import { type Block, type Memory, roundUp } from '../memory/block.ts';
import type { Buffers } from '../memory/buffers.ts';
import type { Capabilities, Dispatch, Operands, Plan, Planner, Planners } from '../plan.ts';
import type { Signature } from '../signatures.ts';
import type { Pipelines } from './pipelines.ts';
import type { BindingSource, ReadyDispatch, ReadyPlan, UniformRange } from './ready-plan.ts';
import type { Variant } from './variants.ts';

/** Enough for every layer and every length of a batch in a model; a plan is small. */
const MOST_PLANS = 256;

/** Plans that were made before, by operation, problem, operands, and how these share memory. */
export class ReadyPlans {
  readonly #planners: Planners;
  readonly #capabilities: Capabilities;
  readonly #pipelines: Pipelines;
  readonly #buffers: Buffers;
  readonly #limits: HostLimits;
  readonly #byKey = new Map<string, ReadyPlan>();
  // The plan that a problem was last used for: core gives the same object for the same call again, so that a repeated call
  // finds its plan without the key.
  readonly #byProblem = new WeakMap<Problem, ReadyPlan>();
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
  get(signature: Signature, problem: Problem, blocks: readonly (Block | null)[], aliases: Aliases): ReadyPlan {
    const present = maskOf(blocks);
    let plan = this.#byProblem.get(problem);
    if (
      plan === undefined ||
      plan.op !== signature.op ||
      plan.present !== present ||
      plan.aliases !== aliases.key ||
      isGone(plan)
    ) {
      plan = this.#find(signature, problem, present, aliases, blocks);
      this.#byProblem.set(problem, plan);
    }
    this.#clock += 1;
    plan.usedAt = this.#clock;
    return plan;
  }

  compiled({ pipeline }: ReadyDispatch): GPUComputePipeline {
    return pipeline.compiled ?? this.#pipelines.compile(pipeline);
  }

  /** Compiles the shaders of a call that may come, without holding up anything. */
  async prepare({ op, problem, operands }: Variant): Promise<void> {
    const { dispatches } = this.#plan(op, problem, operands);
    await Promise.all(
      dispatches.map(({ shader, bindings, uniforms }) =>
        this.#pipelines.compileAsync(this.#pipelines.get(shader, bindings, uniforms !== null)),
      ),
    );
  }

  #plan(op: Op, problem: Problem, operands: Operands): Plan {
    return (this.#planners[op] as Planner<Problem>)(problem, operands, this.#capabilities);
  }

  #find(
    signature: Signature,
    problem: Problem,
    present: number,
    aliases: Aliases,
    blocks: readonly (Block | null)[],
  ): ReadyPlan {
    const key = `${signature.op} ${present} ${aliases.key} ${Object.values(problem).join()}`;
    const known = this.#byKey.get(key);
    if (known !== undefined && !isGone(known)) return known;
    if (known?.uniforms) this.#buffers.destroy(known.uniforms);
    const plan = this.#make(signature, problem, present, aliases, blocks, key);
    this.#byKey.set(key, plan);
    if (this.#byKey.size > MOST_PLANS) this.#evictOldest();
    return plan;
  }

  #make(
    { op, names }: Signature,
    problem: Problem,
    present: number,
    aliases: Aliases,
    blocks: readonly (Block | null)[],
    key: string,
  ): ReadyPlan {
    const plan = this.#plan(op, problem, {
      present: new Set(names.filter((_, i) => present & (1 << i))),
      inPlace: aliases.inPlace,
      writable: aliases.writable,
    });
    checkLimits(op, plan, (name) => blocks[names.indexOf(name)]!.bytes, {
      ...this.#capabilities.limits,
      ...this.#limits,
    });
    const { ranges, uniforms } = this.#uniformsOf(plan.dispatches);
    const dispatches = plan.dispatches.map(
      ({ shader, bindings, workgroups }, i): ReadyDispatch => ({
        pipeline: this.#pipelines.get(shader, bindings, ranges[i] !== null),
        sources: bindings.map(({ buffer, offset = 0, size }) => sourceOf(buffer, offset, size, names, plan.scratch)),
        uniforms: ranges[i]!,
        workgroups,
        groups: [],
        fault: null,
      }),
    );
    const ready: ReadyPlan = {
      ...{ key, op, present, aliases: aliases.key, dispatches, uniforms, usedAt: this.#clock, evicted: false },
      scratch: plan.scratch.map(({ bytes }) => roundUp(bytes, 4)),
      lastScratch: [],
      fault: () => faultOf(ready),
    };
    return ready;
  }

  /** All uniforms of a plan lie in one buffer. */
  #uniformsOf(dispatches: readonly Dispatch[]): { ranges: readonly (UniformRange | null)[]; uniforms: Memory | null } {
    let bytes = 0;
    const ranges = dispatches.map(({ uniforms }) => {
      if (uniforms === null) return null;
      const offset = roundUp(bytes, this.#limits.minUniformBufferOffsetAlignment);
      const size = roundUp(uniforms.byteLength, 16);
      bytes = offset + size;
      return { offset, size };
    });
    if (bytes === 0) return { ranges, uniforms: null };
    const uniforms = this.#buffers.create(bytes, BUFFER_USAGE.UNIFORM, (memory) => {
      for (const [i, range] of ranges.entries()) {
        if (range) memory.set(new Uint8Array(dispatches[i]!.uniforms!), range.offset);
      }
    });
    return { ranges, uniforms };
  }

  #evictOldest(): void {
    let oldest: ReadyPlan | null = null;
    for (const plan of this.#byKey.values()) if (oldest === null || plan.usedAt < oldest.usedAt) oldest = plan;
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
): BindingSource {
  const operand = names.indexOf(buffer);
  if (operand >= 0) return { operand, scratch: -1, offset, size };
  const index = scratch.findIndex(({ name }) => name === buffer);
  if (index < 0) {
    throw new RMSNormError('DEVICE_ERROR', `a plan binds '${buffer}', which it has not: please report this`);
  }
  return { operand: -1, scratch: index, offset, size: size ?? roundUp(scratch[index]!.bytes, 4) - offset };
}

/** Whether it has to be made anew: also where the device had no memory for its uniforms. */
function isGone({ evicted, uniforms }: ReadyPlan): boolean {
  return evicted || (uniforms !== null && uniforms.fault !== null);
}

/** Memory first: that there was none explains the rest. */
function faultOf({ dispatches, uniforms, lastScratch }: ReadyPlan): RMSNormError | null {
  for (const memory of [uniforms, ...lastScratch]) if (memory?.fault) return memory.fault;
  for (const { pipeline, fault } of dispatches) {
    if (pipeline.fault ?? fault) return pipeline.fault ?? fault;
  }
  return null;
}
