import { describe, expect, test } from 'vitest';
import type { Op } from './io.ts';
import { OPERATIONS } from './operations.ts';
import { type AddressRange, refuseOverlaps } from './overlap.ts';

const at = (address: number, bytes = 16): AddressRange => ({ address, bytes });

type Given = Readonly<Record<string, AddressRange | null>>;

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
      new RegExp(`${output} \\(16 bytes from \\d+ on\\) and ${other} \\(16 bytes from \\d+ on\\) overlap`),
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

test.each([
  ['ends where an input begins', at(48), false],
  ['begins where an input ends', at(80), false],
  ['ends in an input', at(52), true],
  ['begins in an input', at(76), true],
])('y %s', (_, y, refused) => {
  const overlapped = (): void => check('forward', { x: at(64), y });
  if (refused) expect(overlapped).toThrow('ALIASING');
  else expect(overlapped).not.toThrow();
});

test('a message shows addresses as it is told', () => {
  const { operands } = OPERATIONS.forward;
  const ranges = operands.map(({ name }) => (name === 'x' ? at(1024) : name === 'y' ? at(1028) : null));
  expect(() => refuseOverlaps(operands, ranges, (address) => `0x${address.toString(16)}`)).toThrow(
    'RMSNORM_ALIASING: y (16 bytes from 0x404 on) and x (16 bytes from 0x400 on) overlap: give y memory of its own',
  );
});
