import { type Problem, RMSNormError } from '@rmsnorm/core';
import { type Aliases, aliasesOf, NO_ALIASES } from '../memory/aliases.ts';
import type { Block } from '../memory/block.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { Signature } from '../signatures.ts';
import type { BindGroups } from './bind-groups.ts';
import type { ReadyPlan } from './ready-plan.ts';
import type { ReadyPlans } from './ready-plans.ts';
import type { WorkQueue } from './work-queue.ts';

type IO = Readonly<Record<string, Block | null>>;

/** Carries out calls: what a call needs is made at its first time, and only looked up after that. */
export class Executor {
  readonly #work: WorkQueue;
  readonly #plans: ReadyPlans;
  readonly #groups: BindGroups;
  readonly #scratch: Scratch;

  constructor(work: WorkQueue, plans: ReadyPlans, groups: BindGroups, scratch: Scratch) {
    this.#work = work;
    this.#plans = plans;
    this.#groups = groups;
    this.#scratch = scratch;
  }

  /** @throws RMSNormError ALIASING, UNSUPPORTED where the device is too small, OUT_OF_MEMORY */
  run(signature: Signature, problem: Problem, io: object): void {
    const blocks = blocksOf(signature, io as IO);
    const aliases = aliasesOf(signature, blocks);
    if (this.#work.recording) this.#refuseNew(signature, blocks);
    const plan = this.#plans.get(signature, problem, blocks, aliases);
    this.#work.makeRoom();
    const bound = aliases === NO_ALIASES ? blocks : this.#withCopies(plan, blocks, aliases);
    this.#encode(plan, bound);
    this.#work.note({ blocks, inputs: signature.inputs, fault: plan.fault });
  }

  #encode(plan: ReadyPlan, blocks: readonly (Block | null)[]): void {
    const scratch = plan.scratch.map((bytes, i) => this.#scratch.get(i, bytes));
    plan.lastScratch = scratch;
    for (const dispatch of plan.dispatches) {
      const pipeline = this.#plans.compiled(dispatch);
      const group = this.#groups.get(dispatch, blocks, scratch, plan.uniforms);
      this.#work.dispatch(pipeline, group, dispatch.workgroups);
    }
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i];
      if (block) this.#work.uses(block.memory);
    }
    for (const memory of scratch) this.#work.uses(memory);
    if (plan.uniforms !== null) this.#work.uses(plan.uniforms);
  }

  /** Inputs that cannot be bound beside an output in the same memory are bound as copies. */
  #withCopies(plan: ReadyPlan, blocks: readonly (Block | null)[], { copied }: Aliases): readonly (Block | null)[] {
    if (copied.length === 0) return blocks;
    const bound = [...blocks];
    for (const [i, index] of copied.entries()) {
      const { memory, offset, bytes } = blocks[index]!;
      const copy = this.#scratch.get(plan.scratch.length + i, bytes);
      this.#work.copy(memory.buffer, offset, copy.buffer, bytes);
      this.#work.uses(copy);
      this.#work.uses(memory);
      bound[index] = { memory: copy, offset: 0, bytes, bindingId: copy.id, owned: false, allocatedIn: -1 };
    }
    return bound;
  }

  /** What is recorded runs when the caller submits: its results must be there before, and be the caller's to keep. */
  #refuseNew({ op, names, inputs }: Signature, blocks: readonly (Block | null)[]): void {
    for (let i = inputs; i < blocks.length; i++) {
      const block = blocks[i];
      if (!block?.owned || block.allocatedIn !== this.#work.batch) continue;
      throw new RMSNormError(
        'INVALID_OPTION',
        `within record(), ${op} needs a tensor for ${names[i] === 'y' ? 'out' : names[i]} that was made before: nothing may be allocated for work that the caller submits`,
      );
    }
  }
}

function blocksOf({ names }: Signature, io: IO): (Block | null)[] {
  const blocks: (Block | null)[] = [];
  for (let i = 0; i < names.length; i++) blocks.push(io[names[i]!] ?? null);
  return blocks;
}
