import { OPERATIONS, type Op, type Problem } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
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

test('a problem that differs in one field is another one', () => {
  const { driver, completed } = recording();
  const others: Partial<Problem>[] = [
    { outer: 3 },
    { groups: 4 },
    { size: 6 },
    { inner: 8 },
    { statSize: 3 },
    { dtype: 'float16' },
    { eps: 0 },
    { epsMode: 'clamp' },
    { alpha: 1 },
    { weightOffset: 0 },
    { casting: 'gemma' },
  ];
  expect(others.map((other) => Object.keys(other)[0]).sort()).toEqual(Object.keys(PROBLEM).sort());
  for (const other of others) {
    driver.sumSquares(PROBLEM, blocksOf('sumSquares') as never);
    const before = completed.length;
    driver.sumSquares({ ...PROBLEM, ...other }, blocksOf('sumSquares') as never);
    expect(completed.length, JSON.stringify(other)).toBe(before + 1);
  }
  for (const [p, q] of [
    [{ normBeforeGate: true }, { normBeforeGate: false }],
    [{ count: 5 }, { count: 6 }],
    [{ scale: null }, { scale: 0.5 }],
  ]) {
    driver.sumSquares({ ...PROBLEM, ...p } as Problem, blocksOf('sumSquares') as never);
    const before = completed.length;
    driver.sumSquares({ ...PROBLEM, ...q } as Problem, blocksOf('sumSquares') as never);
    expect(completed.length, JSON.stringify(q)).toBe(before + 1);
  }
});
