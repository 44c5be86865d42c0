import { describe, expect, test } from 'vitest';
import { code } from '../../test/samples.ts';
import {
  addRmsNorm,
  gatedRmsNorm,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
  sumSquares,
} from '../api/functions.ts';
import type { Tensor } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import type { Op } from '../driver/io.ts';
import { OPERATIONS, OPS, type Operand } from '../driver/operations.ts';
import { ReferenceDriver } from '../reference/driver.ts';

// What callers are held to, tried operation by operation, is what the table OPERATIONS says.

const backend = createBackend(new ReferenceDriver());

/** Shapes in which as many operands as possible are alike, so that one tensor can stand for two of them. */
const SETTINGS = [
  { dim: 4, groups: 4, elements: [1, 4, 1], features: [1, 4, 1], rows: [1, 4, 1], positions: [1, 1] },
  { dim: 1, groups: 1, elements: [1, 1], features: [1, 1], rows: [1, 1, 1], positions: [1, 1] },
] as const;
type Setting = (typeof SETTINGS)[number];

type Tensors = Partial<Record<string, Tensor>> & { readonly x: Tensor };

/** Calls an operation with tensors by their names in the table; those that callers cannot give are left out. */
const CALLS: Readonly<Record<Op, (options: { dim: number; groups: number }, tensors: Tensors) => unknown>> = {
  forward: (options, { x, gamma, beta, y, rstd }) => rmsNorm(x, { ...options, gamma, beta, out: y, rstd }),
  addForward: (options, { x, residual, gamma, beta, y, sum, rstd }) =>
    addRmsNorm(x, residual!, { ...options, gamma, beta, out: { y, sum }, rstd }),
  gatedForward: (options, { x, gate, gamma, beta, y, rstd }) =>
    gatedRmsNorm(x, gate!, { ...options, gamma, beta, out: y, rstd }),
  backward: (options, { x, dy, gamma, rstd, dsum, dx }) =>
    rmsNormBackward(x, dy!, { ...options, gamma, rstd, dsum, out: { dx } }),
  sumSquares: (options, { x }) => sumSquares(x, options),
  scaleBy: (options, { x, sums, gamma, beta, y }) =>
    scaleBy(x, sums!, options.dim, { ...options, gamma, beta, out: y }),
  forwardQuantized: (options, { x, gamma, beta, q, scales }) =>
    rmsNormQuantized(x, { ...options, gamma, beta, out: { q, scales } }),
};

const NOT_GIVEN: Readonly<Partial<Record<Op, readonly string[]>>> = {
  backward: ['dgamma', 'dbeta'],
  sumSquares: ['sums'],
};

function operandsOf(op: Op): Operand[] {
  return OPERATIONS[op].operands.filter(({ name }) => !NOT_GIVEN[op]?.includes(name));
}

function tensorFor({ extent, dtype }: Operand, setting: Setting): Tensor {
  return backend.empty(setting[extent], dtype === 'x' ? 'float32' : dtype);
}

function tensorsFor(op: Op, setting: Setting): Tensors {
  return Object.fromEntries(
    operandsOf(op).map((operand) => [operand.name, tensorFor(operand, setting)]),
  ) as unknown as Tensors;
}

function call(op: Op, { dim, groups }: Setting, tensors: Tensors): void {
  CALLS[op]({ dim, groups }, tensors);
}

describe.each(OPS.flatMap((op) => SETTINGS.map((setting) => [op, setting.dim, setting] as const)))(
  '%s, %d features',
  (op, _, setting) => {
    const outputs = operandsOf(op).filter(({ role }) => role === 'output');
    const pairs = outputs.flatMap((output) =>
      operandsOf(op)
        .filter((other) => other !== output)
        .map((other) => ({ output, other, allowed: output.mayBe.includes(other.name) })),
    );

    test('runs on operands of the extents and dtypes of the table', () => {
      expect(() => call(op, setting, tensorsFor(op, setting))).not.toThrow();
    });

    test.each(pairs)('$output.name in the memory of $other.name: $allowed', ({ output, other, allowed }) => {
      const tensors = tensorsFor(op, setting);
      const shared = { ...tensors, [output.name]: tensors[other.name] };
      if (allowed) expect(() => call(op, setting, shared)).not.toThrow();
      else expect(() => call(op, setting, shared)).toThrow(/RMSNORM_(ALIASING|SHAPE|DTYPE)/);
      const alike = `${tensors[output.name]!.shape}` === `${tensors[other.name]!.shape}`;
      const sameDtype = tensors[output.name]!.dtype === tensors[other.name]!.dtype;
      if (!allowed && alike && sameDtype) expect(() => call(op, setting, shared)).toThrow(code('ALIASING'));
    });

    test.each(operandsOf(op).slice(1))('$name of another dtype, or one row longer', ({ name, extent }) => {
      const tensors = tensorsFor(op, setting);
      const replaced = (tensor: Tensor): Tensors => ({ ...tensors, [name]: tensor });
      const { shape, dtype } = tensors[name]!;
      const other = dtype === 'float32' ? 'float16' : 'float32';
      expect(() => call(op, setting, replaced(backend.empty(shape, other)))).toThrow(code('DTYPE'));
      const longer = backend.empty([2, ...shape.slice(1)], dtype);
      expect(() => call(op, setting, replaced(longer)), extent).toThrow(code('SHAPE'));
    });
  },
);
