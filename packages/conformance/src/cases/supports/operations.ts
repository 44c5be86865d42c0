import { OPS, type Op, RMSNorm, type Tensor } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { expectThrow } from '../../case/refusal.ts';
import { dtypesOf } from '../../case/supported.ts';
import { withTensors } from '../../case/tensors.ts';

/** A small call of each operation. */
const CALLS: Readonly<Record<Op, (norm: RMSNorm, x: Tensor, other: Tensor) => unknown>> = {
  forward: (norm, x) => norm.forward(x),
  addForward: (norm, x, other) => norm.addForward(x, other),
  gatedForward: (norm, x, other) => norm.gatedForward(x, other),
  backward: (norm, x, other) => norm.backward(x, other),
  sumSquares: (norm, x) => norm.sumSquares(x),
  scaleBy: (norm, x, other) => norm.scaleBy(x, other, 6),
  forwardQuantized: (norm, x) => norm.forwardQuantized(x),
};

/** Each operation: it runs where it is declared, and is refused where not. */
export const operationSides: readonly Case[] = OPS.map((op) => ({
  id: caseId('supports/both-sides', { op }),
  requires: {},
  async run({ backend }) {
    const dtype = dtypesOf(backend.supports, op)[0] ?? 'float32';
    const norm = new RMSNorm({ dim: 6, axis: -1 });
    try {
      await withTensors(backend, async (tensors) => {
        const x = tensors.filled(2, [1, 6], dtype);
        // scaleBy's second operand are the sums.
        const other = op === 'scaleBy' ? tensors.filled(24, [1, 1, 1], 'float32') : tensors.filled(1, [1, 6], dtype);
        if (!backend.supports.ops.includes(op)) {
          expectThrow('UNSUPPORTED', `${op}, which supports.ops does not name,`, () => CALLS[op](norm, x, other));
          return;
        }
        const result = CALLS[op](norm, x, other);
        for (const tensor of tensorsOf(result)) await tensors.keep(tensor).data();
      });
    } finally {
      norm.dispose();
    }
  },
}));

function tensorsOf(result: unknown): Tensor[] {
  const isTensor = (value: unknown): value is Tensor => typeof (value as Partial<Tensor> | null)?.data === 'function';
  return isTensor(result) ? [result] : Object.values(result as object).filter(isTensor);
}
