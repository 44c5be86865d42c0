import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { withTensors } from '../../case/tensors.ts';
import { rowsShape } from '../../expected/normalization.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { classCase } from './class-case.ts';

const EMPTY: readonly ForwardSpec[] = [
  { shape: [0, 5], options: { dim: 5, axis: -1 } },
  { shape: [0, 5], options: { dim: 5, axis: -1 }, rstd: true },
  { shape: [0, 5], options: { dim: 5, axis: -1, partial: 0.5 }, beta: true },
  { shape: [2, 5, 0], options: { dim: 5 } },
  { shape: [2, 6, 0], options: { dim: 6, groups: 3 } },
  { shape: [0, 5, 0], options: { dim: 5 } },
  { shape: [0, 3, 5, 7], options: { dim: [3, 5], axis: 1 } },
];

/** Empty tensors give empty tensors. */
export const emptyCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  EMPTY.map((base, index) =>
    classCase(
      'empty',
      { ...base, dtype },
      async ({ backend }, inputs, norm) => {
        const { shape } = inputs;
        await withTensors(backend, async (tensors) => {
          const x = tensors.empty(shape, dtype);
          const rstd = base.rstd ? { rstd: tensors.empty(rowsShape(inputs.operands.normalization)) } : {};
          const y = tensors.keep(norm.forward(x, rstd));
          check(String(y.shape) === String(shape) && y.dtype === dtype, `an empty tensor gave ${y.dtype} [${y.shape}]`);
          check((await y.data()).length === 0, 'data() of an empty tensor is not empty');
          const out = tensors.empty(shape, dtype);
          check(norm.forward(x, { out }) === out, 'forward(x, { out }) returns out, also for empty tensors');
          const data = dtype === 'float32' ? new Float32Array(0) : new Uint16Array(0);
          const host = await norm.apply({ dtype, shape, data }, backend);
          check(
            host.data.length === 0 && String(host.shape) === String(shape),
            `apply of an empty tensor gave [${host.shape}]`,
          );
        });
      },
      { variation: index },
    ),
  ),
);
