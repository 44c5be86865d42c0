import { readFileSync } from 'node:fs';
import { FLOAT_DTYPES, type Op, type Problem } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { plan } from '../../src/kernels/index.ts';
import { CAPABILITIES, operands, problem } from './problems.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

interface Claim {
  /** The row of the README's table, as it stands there. */
  readonly row: string;
  readonly ops: readonly Op[];
  /** Which problems it is about. */
  readonly of: (p: Problem) => boolean;
  /** Dispatches at least and at most. */
  readonly count: readonly [number, number];
  /** The same where there are no weights, or the scale is given. */
  readonly fewer?: readonly [number, number];
}

const FUSED: readonly Op[] = ['forward', 'addForward', 'gatedForward'];

const isLong = ({ size, inner }: Problem): boolean => inner === 1 && size >= 65_536;
const sharesWords = ({ dtype, size, inner }: Problem): boolean =>
  dtype !== 'float32' && (inner > 1 ? inner : size) % 2 === 1;
const sharedColumns = (p: Problem): boolean => sharesWords(p) && p.inner > 1;
const multiPass = (p: Problem): boolean => sharedColumns(p) || (p.size > 8192 && (p.inner > 1 || sharesWords(p)));

const CLAIMS: readonly Claim[] = [
  {
    row: '| `forward`, `addForward`, `gatedForward` | 1 |',
    ops: FUSED,
    of: (p) => !isLong(p) && !sharedColumns(p),
    count: [1, 1],
  },
  {
    row: '| | 2 | long rows; channels-first that shares words.',
    ops: FUSED,
    of: (p) => (isLong(p) ? !sharesWords(p) : sharedColumns(p)),
    count: [2, 2],
  },
  { row: '| | 3 | long rows that share words.', ops: FUSED, of: (p) => isLong(p) && sharesWords(p), count: [3, 3] },
  {
    row: '| `backward` | 2, or 1 without weights |',
    ops: ['backward'],
    of: (p) => p.size <= 8192 && !sharedColumns(p),
    count: [2, 2],
    fewer: [1, 1],
  },
  {
    row: '| | 3, or 2 without weights | rows of more than 8192 features',
    ops: ['backward'],
    of: (p) => p.size > 8192 && !multiPass(p),
    count: [3, 3],
    fewer: [2, 2],
  },
  {
    row: '| | 2 to 5 | channels-first that shares words',
    ops: ['backward'],
    of: multiPass,
    count: [2, 5],
    fewer: [2, 3],
  },
  { row: '| `forwardQuantized` | 1 |', ops: ['forwardQuantized'], of: (p) => !isLong(p), count: [1, 1] },
  {
    row: '| | 3, or 2 with a given scale | long rows',
    ops: ['forwardQuantized'],
    of: isLong,
    count: [3, 3],
    fewer: [2, 2],
  },
  { row: '| `sumSquares` | 1 |', ops: ['sumSquares'], of: (p) => !isLong(p), count: [1, 1] },
  { row: '| | 2 | long rows |', ops: ['sumSquares'], of: isLong, count: [2, 2] },
  {
    row: '| `scaleBy` | 1 |',
    ops: ['scaleBy'],
    of: (p) => !sharedColumns(p) && !(isLong(p) && sharesWords(p)),
    count: [1, 1],
  },
  {
    row: '| | 2 | channels-first and long rows, where they share words |',
    ops: ['scaleBy'],
    of: (p) => sharedColumns(p) || (isLong(p) && sharesWords(p)),
    count: [2, 2],
  },
];

const SIZES = [1, 2, 3, 33, 64, 127, 512, 1023, 1024, 1025, 4099, 8191, 8192, 8193, 20_001, 65_535, 65_536, 65_537];
const INNERS = [1, 2, 3, 4, 6, 49, 225, 1024];
const DEVICES = [
  CAPABILITIES,
  { ...CAPABILITIES, subgroups: null },
  { ...CAPABILITIES, subgroups: { least: 4, most: 4 } },
];

/** How many dispatches an operation takes: with weights and a scale to be found, and without. */
function dispatchesOf(op: Op, p: Problem, capabilities: typeof CAPABILITIES): readonly [number, number] {
  const counts = [true, false].map((weights) => {
    const given = weights ? ['gamma', 'beta'] : [];
    const gradients = weights ? ['dgamma', 'dbeta'] : [];
    switch (op) {
      case 'forward':
        return plan.forward(p, operands(['x', 'y', 'rstd', ...given]), capabilities);
      case 'addForward':
        return plan.addForward(p, operands(['x', 'residual', 'y', 'sum', ...given]), capabilities);
      case 'gatedForward':
        return plan.gatedForward(
          { ...p, normBeforeGate: weights },
          operands(['x', 'gate', 'y', ...given], { y: 'x' }),
          capabilities,
        );
      case 'backward':
        return plan.backward(p, operands(['x', 'dy', 'dx', ...given, ...gradients]), capabilities);
      case 'sumSquares':
        return plan.sumSquares(p, operands(['x', 'sums']), capabilities);
      case 'scaleBy':
        return plan.scaleBy({ ...p, count: 2 * p.size }, operands(['x', 'sums', 'y', ...given]), capabilities);
      case 'forwardQuantized':
        return plan.forwardQuantized(
          { ...p, scale: weights ? null : 0.5 },
          operands(['x', 'q', 'scales', ...given]),
          capabilities,
        );
      default:
        throw new Error(op satisfies never);
    }
  });
  return [counts[0]!.dispatches.length, counts[1]!.dispatches.length];
}

const ALL: readonly (readonly [Op, Problem])[] = FLOAT_DTYPES.flatMap((dtype) =>
  SIZES.flatMap((size) =>
    INNERS.flatMap((inner) =>
      [1, 2, 3].flatMap((groups) =>
        // What is counted fits a binding: larger tensors are normalized in parts.
        [1, 2, 100]
          .filter((outer) => outer * groups * size * inner * 8 < 2 ** 27)
          .flatMap((outer) =>
            [...new Set(CLAIMS.flatMap(({ ops }) => ops))].map(
              (op) => [op, problem({ dtype, size, inner, groups, outer })] as const,
            ),
          ),
      ),
    ),
  ),
);

test.each(CLAIMS)('the README says "$row", which holds', ({ row, ops, of, count, fewer = count }) => {
  expect(readme).toContain(row);
  const seen = [new Set<number>(), new Set<number>()] as const;
  for (const [op, p] of ALL) {
    if (!ops.includes(op) || !of(p)) continue;
    for (const capabilities of DEVICES) {
      for (const [i, dispatches] of dispatchesOf(op, p, capabilities).entries()) {
        const [least, most] = i === 0 ? count : fewer;
        if (dispatches < least || dispatches > most) throw new Error(`${op} of ${JSON.stringify(p)}: ${dispatches}`);
        seen[i]!.add(dispatches);
      }
    }
  }
  for (const [i, [least, most]] of [count, fewer].entries()) {
    expect([Math.min(...seen[i]!), Math.max(...seen[i]!)]).toEqual([least, most]);
  }
});

test('of each operation it says something about every size, once', () => {
  for (const [op, p] of ALL) {
    const claims = CLAIMS.filter(({ ops, of }) => ops.includes(op) && of(p));
    if (claims.length !== 1)
      throw new Error(`${claims.length} rows of the table are about ${op} of ${JSON.stringify(p)}`);
  }
});

test('x is read once where the README says so: it is kept in registers', () => {
  expect(readme).toContain('x is read once up to 8192 features, channels-first up to 1024; else twice');
  expect(readme).toContain(
    'x is read once where a row has one group and up to 8192 features, channels-first up to 1024',
  );
  for (const [op, p] of ALL) {
    if (op !== 'forward' && op !== 'forwardQuantized') continue;
    const short = p.size <= (p.inner > 1 ? 1024 : 8192);
    const once = op === 'forward' ? short && !sharedColumns(p) : short && p.groups === 1;
    const [dispatch] =
      op === 'forward'
        ? plan.forward(p, operands(['x', 'y', 'gamma']), CAPABILITIES).dispatches
        : plan.forwardQuantized({ ...p, scale: null }, operands(['x', 'q', 'scales']), CAPABILITIES).dispatches;
    if (/^(resident|quantized):/.test(dispatch!.shader.key) !== once) {
      throw new Error(`${op} of ${JSON.stringify(p)} is not as the README says: ${dispatch!.shader.key}`);
    }
  }
});
