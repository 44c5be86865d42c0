import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareY } from '../../operations/forward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { classCase } from './class-case.ts';

/** Small shapes, shapes that `apply` may stream in several pieces, and strided ones. */
export const SPECS: readonly ForwardSpec[] = [
  { shape: [3, 5], options: { dim: 5, axis: -1 } },
  { shape: [1, 1], options: { dim: 1, axis: -1 } },
  { shape: [7, 129], options: { dim: 129, axis: -1, weightOffset: 1 }, beta: true },
  { shape: [67, 1031], options: { dim: 1031, axis: -1 } },
  { shape: [1, 65537], options: { dim: 65537, axis: -1 } },
  { shape: [3, 8, 5], options: { dim: 8, groups: 2 } },
  { shape: [3, 37, 400], options: { dim: 37 } },
  { shape: [1, 4099, 17], options: { dim: 4099 }, gamma: null },
  { shape: [2, 12, 3001], options: { dim: 12, groups: 4 }, beta: true },
];

/** The method forward: a new tensor, `out`, and in place. */
export const forwardMethodCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SPECS.filter(({ shape }) => shape.reduce((a, b) => a * b) < 10_000).map((base) =>
    classCase('class', { ...base, dtype }, async (subject, inputs, norm) => {
      await withTensors(subject.backend, async (tensors) => {
        const x = tensors.of(inputs.x, inputs.shape);
        const y = tensors.keep(norm.forward(x));
        check(y !== x && y.backend === subject.backend, "forward gives a new tensor on x's backend");
        check(
          String(y.shape) === String(x.shape) && y.dtype === dtype,
          `y is ${y.dtype} [${y.shape}], x ${dtype} [${x.shape}]`,
        );
        compareY(subject, inputs, (await read(y)).values);
        const out = tensors.empty(inputs.shape, dtype);
        check(norm.forward(x, out) === out, 'forward(x, out) returns out');
        compareY(subject, inputs, (await read(out)).values);
        check(norm.forward(x, { out: x }) === x, 'forward(x, { out: x }) returns x');
        compareY(subject, inputs, (await read(x)).values);
      });
    }),
  ),
);
