import type { BackwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { type GradientRow, OperationsDriver } from '../../operations-driver.ts';
import { countElements, floats } from '../../plain-driver.ts';

const { fround } = Math;

/** In results that depend on where tensors lie, or on how many rows there are. */
export const BACKWARD_PLACEMENT_BUGS: readonly Bug[] = [
  {
    name: 'dx overwrites x before dgamma',
    fault: 'writes dx, then reads x again for dgamma: wrong in place',
    caughtBy: /^backward\/in-place/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        super.backward(p, { ...io, dgamma: null });
        if (!io.dgamma) return;
        const spare = new Uint8Array(io.dx.length);
        super.backward(p, { ...io, dx: spare, dbeta: null });
      }
    },
  },
  {
    name: 'dx overwrites dy within a row',
    fault: 'writes dx element by element while later elements still need dy: wrong where dx is dy',
    caughtBy: /^backward\/in-place/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        super.backward(p, io);
        if (io.dx !== io.dy || p.dtype !== 'float32') return;
        const dx = floats(io.dx, countElements(p));
        for (let i = p.size; i < dx.length; i++) dx[i] = fround(dx[i]! + fround(1e-3 * dx[i - 1]!));
      }
    },
  },
  {
    name: 'dx depends on the number of rows',
    fault: 'sums g x in another order where there is one row alone',
    caughtBy: /^backward\/invariance/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        const middle = super.middle(p, row);
        return p.outer * p.groups * p.inner === 1 ? middle * (1 + 2 ** -22) : middle;
      }
    },
  },
];
