import { OPERATIONS, type Op } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import { refuseOverlaps } from './overlap.ts';

const at = (address: number, bytes = 16): Block => ({ address, bytes, owned: false });

type Given = Readonly<Record<string, Block | null>>;

/** Checks the blocks of an operation; what is not given is null. */
function check(op: Op, given: Given): void {
  const { operands } = OPERATIONS[op];
  refuseOverlaps(
    operands,
    operands.map(({ name }) => given[name] ?? null),
  );
}

describe('addForward', () => {
  test.each<[string, Given]>([
    ['neighbours', { y: at(16), sum: at(32), x: at(0), residual: at(64), gamma: at(48), beta: null }],
    ['outputs at inputs that they may be', { y: at(0), sum: at(16), x: at(0), residual: at(16) }],
    ['inputs that overlap each other', { y: at(64), sum: at(80), x: at(0), residual: at(8), gamma: at(4) }],
  ])('takes %s', (_, given) => {
    expect(() => check('addForward', given)).not.toThrow();
  });

  test.each<[string, string, Given]>([
    ['y', 'x', { y: at(8), sum: at(64), x: at(0), residual: at(128) }],
    ['y', 'residual', { y: at(0), sum: at(64), x: at(0), residual: at(12) }],
    ['sum', 'beta', { y: at(0), sum: at(16), x: at(0), residual: at(128), gamma: null, beta: at(16) }],
    ['y', 'sum', { y: at(0), sum: at(0), x: at(0), residual: at(128) }],
    ['rstd', 'x', { y: at(64), sum: at(80), x: at(0), residual: at(128), rstd: at(0) }],
  ])('refuses %s over %s', (output, other, given) => {
    const overlapped = (): void => check('addForward', given);
    expect(overlapped).toThrow(expect.objectContaining({ code: 'ALIASING' }));
    expect(overlapped).toThrow(
      new RegExp(`${output} \\(16 bytes from \\d+ on\\) and ${other} \\(16 from \\d+ on\\) overlap`),
    );
  });
});

test.each(Object.values(OPERATIONS))(
  '$op refuses every output over every operand that it may not be',
  ({ op, operands }) => {
    for (const output of operands.filter(({ role }) => role === 'output')) {
      for (const other of operands.filter((operand) => operand !== output)) {
        const given = Object.fromEntries(operands.map(({ name }, i) => [name, at(64 * i)]));
        given[output.name] = given[other.name]!;
        const overlapped = (): void => check(op, given);
        if (output.mayBe.includes(other.name)) expect(overlapped).not.toThrow();
        else expect(overlapped).toThrow('ALIASING');
      }
    }
  },
);
