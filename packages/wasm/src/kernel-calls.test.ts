import { OPERATIONS, type Op, type Problem } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import type { AnyProblem } from './descriptor.ts';
import { WasmDriver } from './driver.ts';
import { OPERAND, OPS, WORD } from './generated/descriptor/index.ts';
import { Heap } from './heap.ts';
import type { Kernels } from './kernels.ts';

const PROBLEM: Problem = {
  outer: 2,
  groups: 3,
  size: 5,
  inner: 7,
  statSize: 4,
  dtype: 'bfloat16',
  eps: 1e-5,
  epsMode: 'add',
  alpha: 0.5,
  weightOffset: 1,
  casting: 'llama',
};

/** A driver whose kernels do nothing but note the words of the descriptor of each run. */
function recording(): { driver: WasmDriver; runs: Uint32Array[]; completed: number[]; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 1000 });
  const runs: Uint32Array[] = [];
  const completed: number[] = [];
  const kernels: Kernels = {
    complete: (descriptor) => {
      completed.push(descriptor);
      return 64;
    },
    run: (descriptor) => {
      runs.push(new Uint32Array(memory.buffer, descriptor, 64).slice());
    },
  };
  return { driver: new WasmDriver(kernels, new Heap(memory)), runs, completed, memory };
}

const blocksOf = (op: Op): Record<string, Block> =>
  Object.fromEntries(
    OPERATIONS[op].operands.map(({ name }, i) => [name, { address: 0x10000 + 0x1000 * i, bytes: 16, owned: true }]),
  );

describe.each(OPS)('%s', (op) => {
  const call = (driver: WasmDriver, p: Problem, io: Record<string, Block | null>): void =>
    (driver[op] as (p: Problem, io: unknown) => void)(p, io);

  test('has its operands, by their names, in the fields of its descriptor', () => {
    const { driver, runs } = recording();
    const io = blocksOf(op);
    call(driver, PROBLEM, io);
    for (const [name, { address }] of Object.entries(io)) {
      expect(runs[0]![OPERAND[name as keyof typeof OPERAND]], name).toBe(address);
    }
    for (const { name, present } of OPERATIONS[op].operands) {
      if (present === 'always') continue;
      call(driver, PROBLEM, { ...io, [name]: null });
      expect(runs.at(-1)![OPERAND[name]], name).toBe(0);
    }
  });

  test('refuses wrapped memory that overlaps, before it runs', () => {
    const { driver, runs } = recording();
    const io = blocksOf(op);
    const output = OPERATIONS[op].operands.find(({ role }) => role === 'output')!.name;
    io[output] = { address: io.x!.address + 4, bytes: 16, owned: false };
    expect(() => call(driver, PROBLEM, io)).toThrow('ALIASING');
    expect(runs).toEqual([]);
  });

  test('describes a problem once, and another or a grown memory again', () => {
    const { driver, runs, completed, memory } = recording();
    const io = blocksOf(op);
    for (const p of [PROBLEM, PROBLEM, { ...PROBLEM }]) call(driver, p, io);
    expect(completed).toHaveLength(1);
    call(driver, { ...PROBLEM, size: 6 }, io);
    expect(completed).toHaveLength(2);
    expect(runs.map((words) => words[WORD.size])).toEqual([5, 5, 5, 6]);
    memory.grow(1);
    call(driver, { ...PROBLEM, size: 6 }, { ...io, x: { ...io.x!, address: 0x20000 } });
    expect(completed).toHaveLength(2);
    expect(runs.at(-1)![WORD.x]).toBe(0x20000);
    expect(runs.at(-1)![WORD.size]).toBe(6);
  });
});

test('a descriptor that is written again keeps no address of what it described before', () => {
  const { driver, runs } = recording();
  for (let size = 5; size < 12; size++) {
    for (const op of OPS) {
      const io = blocksOf(op);
      (driver[op] as (p: Problem, io: unknown) => void)({ ...PROBLEM, size }, io);
      for (const [name, word] of Object.entries(OPERAND)) {
        expect(runs.at(-1)![word], `${name} of ${op}`).toBe(io[name]?.address ?? 0);
      }
    }
  }
});

/** Two values of each field: one that core adds does not compile before it is named here. */
const VALUES: { readonly [Field in keyof AnyProblem]-?: readonly [AnyProblem[Field], AnyProblem[Field]] } = {
  outer: [2, 3],
  groups: [3, 4],
  size: [5, 6],
  inner: [7, 8],
  statSize: [4, 3],
  dtype: ['bfloat16', 'float16'],
  eps: [1e-5, 0],
  epsMode: ['add', 'clamp'],
  alpha: [0.5, 1],
  weightOffset: [1, 0],
  casting: ['llama', 'gemma'],
  normBeforeGate: [true, false],
  count: [5, 6],
  scale: [null, 0.5],
};

test.each(Object.entries(VALUES))('problems that differ in %s alone have two descriptors', (field, [one, other]) => {
  const { driver, runs, completed } = recording();
  for (const value of [one, other]) driver.sumSquares({ ...PROBLEM, [field]: value }, blocksOf('sumSquares') as never);
  expect(completed).toHaveLength(2);
  // The value is in the descriptor, too.
  expect(runs[0]).not.toEqual(runs[1]);
});
