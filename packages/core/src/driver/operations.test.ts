import { describe, expect, test } from 'vitest';
import type { Op } from './io.ts';
import { OPERATIONS } from './operations.ts';

describe.each(Object.entries(OPERATIONS))('%s', (op, { op: named, operands, values }) => {
  const names = (role: string): string[] => operands.filter((operand) => operand.role === role).map(({ name }) => name);

  test('says its own name, and is frozen throughout', () => {
    expect(named).toBe(op);
    for (const part of [OPERATIONS[op as Op], operands, values, ...operands, ...operands.map(({ mayBe }) => mayBe)]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('has x first, inputs before outputs, and no name twice', () => {
    const all = operands.map(({ name }) => name);
    expect(all[0]).toBe('x');
    expect(all).toEqual([...names('input'), ...names('output')]);
    expect(new Set(all).size).toBe(all.length);
  });

  test('lets only outputs share memory, with inputs of the same extent and dtype', () => {
    for (const { role, extent, dtype, mayBe } of operands) {
      if (role === 'input') expect(mayBe).toEqual([]);
      for (const name of mayBe) {
        expect(operands.find((operand) => operand.name === name)).toMatchObject({ role: 'input', extent, dtype });
      }
    }
  });
});
