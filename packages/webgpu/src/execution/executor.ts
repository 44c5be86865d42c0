import { type Problem, RMSNormError } from '@rmsnorm/core';
import { type Aliases, aliasesOf, NO_ALIASES } from '../memory/aliases.ts';
import type { Block } from '../memory/memory.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { Operation } from '../operations.ts';
import type { BindGroups } from './bind-groups.ts';
import type { Call, Calls } from './ready-plans.ts';
import type { Work } from './work.ts';

type IO = Readonly<Record<string, Block | null>>;

/** Carries out calls: what they need is made at the first, and only looked up after that. */
export class Executor {
  readonly #work: Work;
  readonly #calls: Calls;
  readonly #groups: BindGroups;
  readonly #scratch: Scratch;

  constructor(work: Work, calls: Calls, groups: BindGroups, scratch: Scratch) {
    this.#work = work;
    this.#calls = calls;
    this.#groups = groups;
    this.#scratch = scratch;
  }

  /** @throws RMSNormError ALIASING, UNSUPPORTED where the device is too small, OUT_OF_MEMORY */
  run(operation: Operation, p: Problem, io: object): void {
    const blocks = blocksOf(operation, io as IO);
    const aliases = aliasesOf(operation, blocks);
    if (this.#work.recording) this.#refuseNew(operation, blocks);
    const call = this.#calls.get(operation, p, blocks, aliases);
    this.#work.makeRoom();
    const bound = aliases === NO_ALIASES ? blocks : this.#withCopies(call, blocks, aliases);
    this.#encode(call, bound);
    this.#work.note({ blocks, inputs: operation.inputs, fault: call.fault });
  }

  #encode(call: Call, blocks: readonly (Block | null)[]): void {
    const { recording, batch } = this.#work;
    const scratch = call.scratch.map((bytes, i) => this.#scratch.get(i, bytes));
    call.between = scratch;
    for (const step of call.steps) {
      const pipeline = this.#calls.compiled(step);
      const group = this.#groups.get(step, blocks, scratch, call.uniforms);
      this.#work.dispatch(pipeline, group, step.workgroups);
    }
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i];
      if (block) block.memory.batch = batch;
    }
    for (const memory of scratch) {
      memory.batch = batch;
      if (recording) memory.lent = true;
    }
    if (call.uniforms !== null) {
      call.uniforms.batch = batch;
      if (recording) call.uniforms.lent = true;
    }
  }

  /** Inputs that cannot be bound beside an output in the same memory are bound as copies. */
  #withCopies(call: Call, blocks: readonly (Block | null)[], { copied }: Aliases): readonly (Block | null)[] {
    if (copied.length === 0) return blocks;
    const bound = [...blocks];
    for (const [i, index] of copied.entries()) {
      const { memory, offset, bytes } = blocks[index]!;
      const copy = this.#scratch.get(call.scratch.length + i, bytes);
      this.#work.copy(memory.buffer, offset, copy.buffer, bytes);
      copy.batch = this.#work.batch;
      if (this.#work.recording) copy.lent = true;
      memory.batch = this.#work.batch;
      bound[index] = { memory: copy, offset: 0, bytes, place: copy.id, owned: false, born: -1 };
    }
    return bound;
  }

  /** What is recorded runs when the caller submits: its results must be there before, and be the caller's to keep. */
  #refuseNew({ op, names, inputs }: Operation, blocks: readonly (Block | null)[]): void {
    for (let i = inputs; i < blocks.length; i++) {
      const block = blocks[i];
      if (!block?.owned || block.born !== this.#work.batch) continue;
      throw new RMSNormError(
        'INVALID_OPTION',
        `within record(), ${op} needs a tensor for ${names[i] === 'y' ? 'out' : names[i]} that was made before: nothing may be allocated for work that the caller submits`,
      );
    }
  }
}

function blocksOf({ names }: Operation, io: IO): (Block | null)[] {
  const blocks: (Block | null)[] = [];
  for (let i = 0; i < names.length; i++) blocks.push(io[names[i]!] ?? null);
  return blocks;
}
