import type { BackwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import {
  type GradientOperands,
  type GradientRow,
  type GradientSums,
  OperationsDriver,
} from '../../operations-driver.ts';
import { floats, type Row } from '../../plain-driver.ts';

const caughtBy = /^backward\//;
const { fround } = Math;

/** In dgamma and dbeta, the sums over rows. */
export const GRADIENT_SUM_BUGS: readonly Bug[] = [
  {
    name: 'dgamma without r',
    fault: 'sums dy * x',
    caughtBy,
    planted: class extends OperationsDriver {
      override accumulate(s: GradientSums, feature: number, dy: number, normed: number, row: GradientRow): void {
        super.accumulate(s, feature, dy, normed / row.r, row);
      }
    },
  },
  {
    name: 'dgamma from y',
    fault: 'recovers x * r as y / gamma, which is NaN where gamma is 0',
    caughtBy: /^backward\/traps/,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        super.gradients(p, o, place, dx, sums);
        for (let i = 0; i < p.size; i++) {
          const feature = this.feature(p, place, i);
          if (this.weight(p, o.gamma, feature) === 0) sums.dgamma[feature] = Number.NaN;
        }
      }
    },
  },
  {
    name: 'dgamma of the last row only',
    fault: 'stores instead of adding',
    caughtBy,
    planted: class extends OperationsDriver {
      override accumulate(s: GradientSums, feature: number, dy: number, normed: number, row: GradientRow): void {
        super.accumulate(s, feature, dy, normed, row);
        s.dgamma[feature] = dy * normed;
      }
    },
  },
  {
    name: 'dgamma kept from call to call',
    fault: 'does not zero its accumulators',
    caughtBy,
    planted: class extends OperationsDriver {
      private readonly kept = new Map<number, GradientSums>();
      override startSums(p: Problem): GradientSums {
        const features = p.groups * p.size;
        const sums = this.kept.get(features) ?? super.startSums(p);
        this.kept.set(features, sums);
        return sums;
      }
    },
  },
  {
    name: 'dgamma added up in float32',
    fault: 'sums over all rows in one chain of float32 additions',
    caughtBy: /^backward\/many-rows/,
    planted: class extends OperationsDriver {
      override accumulate(s: GradientSums, feature: number, dy: number, normed: number, row: GradientRow): void {
        super.accumulate(s, feature, dy, normed, row);
        s.dgamma[feature] = fround(s.dgamma[feature]!);
      }
    },
  },
  {
    name: 'dbeta added up in float32',
    fault: 'sums dy over all rows in one chain of float32 additions',
    caughtBy: /^backward\/many-rows/,
    planted: class extends OperationsDriver {
      override accumulate(s: GradientSums, feature: number, dy: number, normed: number, row: GradientRow): void {
        super.accumulate(s, feature, dy, normed, row);
        s.dbeta[feature] = fround(s.dbeta[feature]!);
      }
    },
  },
  {
    name: 'dgamma of blocks of 256 rows',
    fault: 'drops the rows of the last block that is not full',
    caughtBy,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        const rows = p.outer * p.inner;
        const full = rows - (rows % 256);
        const row = Math.floor(place.index / (p.inner * p.groups)) * p.inner + (place.index % p.inner);
        const dropped = full > 0 && row >= full ? this.startSums(p) : sums;
        super.gradients(p, o, place, dx, dropped);
      }
    },
  },
  {
    name: 'dgamma counts a row twice',
    fault: 'adds the first row again where the number of rows is odd, as padding to pairs does',
    caughtBy,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        super.gradients(p, o, place, dx, sums);
        if (place.index === 0 && (p.outer * p.inner) % 2 === 1) super.gradients(p, o, place, dx, sums);
      }
    },
  },
  {
    name: 'dbeta missing',
    fault: 'never writes dbeta',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        super.backward(p, { ...io, dbeta: null });
      }
    },
  },
  {
    name: 'dbeta is the sum of g',
    fault: 'sums dy * w',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        super.gradients(p, o, place, dx, sums);
        const { g } = this.gradientRow(p, o, place);
        for (let i = 0; i < p.size; i++) {
          sums.dbeta[this.feature(p, place, i)]! += g[i]! - o.dy[place.start + i * place.stride]!;
        }
      }
    },
  },
  {
    name: 'groups mixed in dgamma',
    fault: 'adds the gradients of all groups into the first',
    caughtBy: /^backward\/layouts/,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        const own = this.startSums(p);
        super.gradients(p, o, place, dx, own);
        for (let i = 0; i < p.size; i++) {
          sums.dgamma[i]! += own.dgamma[this.feature(p, place, i)]!;
          sums.dbeta[this.feature(p, place, i)]! += own.dbeta[this.feature(p, place, i)]!;
        }
      }
    },
  },
  {
    name: 'dgamma along inner',
    fault: 'walks dgamma with the stride of x: wrong for channels first',
    caughtBy: /^backward\/layouts/,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        const own = this.startSums(p);
        super.gradients(p, o, place, dx, own);
        const features = p.groups * p.size;
        for (let feature = 0; feature < features; feature++) {
          const wrong = p.inner === 1 ? feature : (feature * p.inner + (place.index % p.inner)) % features;
          sums.dgamma[wrong]! += own.dgamma[feature]!;
          sums.dbeta[feature]! += own.dbeta[feature]!;
        }
      }
    },
  },
  {
    name: 'backward accumulates by atomics',
    fault: 'adds rows to dgamma in float32, in another order each time',
    caughtBy: /^backward\/isolation:check=repeated/,
    planted: class extends OperationsDriver {
      private launches = 0;
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        super.backward(p, io);
        if (!io.dgamma) return;
        const dgamma = floats(io.dgamma, p.groups * p.size);
        this.launches++;
        for (const [i, value] of dgamma.entries()) dgamma[i] = value * (1 + (this.launches % 2) * 2 ** -23);
      }
    },
  },
];
