import { type BackwardIO, type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { type GradientOperands, type GradientRow, type GradientSums, OperationsDriver } from '../operations-driver.ts';
import { countElements, floats, type Row } from '../plain-driver.ts';

const caughtBy = /^backward\//;
const { fround } = Math;

export const BACKWARD_BUGS: readonly Bug[] = [
  {
    name: 'dx without the middle term',
    fault: 'gives dx = g * r',
    caughtBy,
    planted: class extends OperationsDriver {
      override middle(): number {
        return 0;
      }
    },
  },
  {
    name: 'middle term over size',
    fault: 'divides the sum of g x by size instead of by statSize',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return (super.middle(p, row) * p.statSize) / p.size;
      }
    },
  },
  {
    name: 'middle term with r^2',
    fault: 'multiplies x * mean(g x) by r^2 instead of by r^3',
    caughtBy,
    planted: class extends OperationsDriver {
      override slope(p: Problem, row: GradientRow, i: number, middle: number): number {
        return super.slope(p, row, i, middle / row.r);
      }
    },
  },
  {
    name: 'middle term without alpha',
    fault: 'does not divide r^3 by alpha^2: wrong for any scale but sqrt(size)',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return super.middle({ ...p, alpha: 1 }, row);
      }
    },
  },
  {
    name: 'middle term without gamma',
    fault: 'sums dy * x instead of dy * w * x',
    caughtBy,
    planted: class extends OperationsDriver {
      private dy: Float32Array = new Float32Array(0);
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        this.dy = this.rowOf(p, operands.dy, place);
        return super.gradientRow(p, operands, place);
      }
      override middle(p: Problem, row: GradientRow): number {
        return super.middle(p, { ...row, g: this.dy });
      }
    },
  },
  {
    name: 'middle term summed in float16',
    fault: 'keeps the sum of g x in the dtype of x',
    caughtBy,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return roundTo(p.dtype, super.middle(p, row));
      }
    },
  },
  {
    name: 'r^3 in float32',
    fault: 'computes r * r * r * x * (sum of g x) factor by factor: overflows where r^3 does',
    caughtBy: /^backward\/extremes/,
    planted: class extends OperationsDriver {
      override slope(p: Problem, row: GradientRow, i: number, middle: number): number {
        if (middle === 0) return super.slope(p, row, i, middle);
        const cubed = fround(fround(row.r * row.r) * row.r);
        const dot = fround(middle / row.r);
        return row.g[i]! * row.r - fround(fround(cubed * dot) * row.x[i]!);
      }
    },
  },
  {
    name: 'dx without gamma',
    fault: 'takes dy for dy * w',
    caughtBy,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return super.gradientRow(p, { ...operands, gamma: null }, place);
      }
    },
  },
  {
    name: 'weightOffset ignored in backward',
    fault: 'multiplies dy by gamma alone',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        super.backward({ ...p, weightOffset: 0 }, io);
      }
    },
  },
  {
    name: 'partial ignored in dx',
    fault: 'gives elements beyond statSize the middle term too',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradients(p: Problem, o: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
        const row = this.gradientRow(p, o, place);
        const middle = row.constant ? 0 : this.middle(p, row);
        super.gradients(p, o, place, dx, sums);
        for (let i = p.statSize; i < p.size; i++) dx[place.start + i * place.stride] = this.slope(p, row, i, middle);
      }
    },
  },
  {
    name: 'only the statistic in the sum of g x',
    fault: 'sums g x over the first statSize elements instead of over all',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override middle(p: Problem, row: GradientRow): number {
        return super.middle({ ...p, size: p.statSize }, row);
      }
    },
  },
  {
    name: 'clamp differentiated where it is active',
    fault: 'gives the middle term also where the norm is below eps',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return { ...super.gradientRow(p, operands, place), constant: false };
      }
    },
  },
  {
    name: 'clamp always constant',
    fault: 'never gives the middle term in mode clamp',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return { ...super.gradientRow(p, operands, place), constant: p.epsMode === 'clamp' };
      }
    },
  },
  {
    name: 'given rstd ignored',
    fault: 'computes the statistic again although one was given',
    caughtBy: /^backward\/given-rstd/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        return super.gradientRow(p, { ...operands, rstd: null }, place);
      }
    },
  },
  {
    name: 'given rstd taken for r',
    fault: 'forgets alpha where rstd is given',
    caughtBy: /^backward\/(options|given-rstd|rstd-of-forward)/,
    planted: class extends OperationsDriver {
      override given(_p: Problem, rstd: number): number {
        return rstd;
      }
    },
  },
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
    name: 'dsum ignored',
    fault: 'gives dx of forward alone',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override withSum(dx: number): number {
        return dx;
      }
    },
  },
  {
    name: 'dsum added after the rounding',
    fault: 'rounds dx to 16 bits, adds dsum, and rounds again',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      private dtype: Problem['dtype'] = 'float32';
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        this.dtype = p.dtype;
        super.backward(p, io);
      }
      override withSum(dx: number, dsum: number): number {
        return roundTo(this.dtype, dx) + dsum;
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
    name: 'dx clamped to finite numbers',
    fault: 'gives the largest number instead of an infinity at a zero denominator',
    caughtBy: /^backward\/zero-rows/,
    planted: class extends OperationsDriver {
      override slope(p: Problem, row: GradientRow, i: number, middle: number): number {
        return Math.max(-3.4e38, Math.min(3.4e38, super.slope(p, row, i, middle)));
      }
    },
  },
  {
    name: 'NaN at a zero denominator',
    fault: 'multiplies 0 by an infinite r',
    caughtBy: /^backward\/zero-rows/,
    planted: class extends OperationsDriver {
      override slope(_p: Problem, { g, normed, r }: GradientRow, i: number, middle: number): number {
        return (g[i]! - normed[i]! * middle) * r;
      }
    },
  },
  {
    name: 'a NaN spoils every dx',
    fault: 'scales by the mean of all rows, where one NaN reaches them all',
    caughtBy: /^backward\/non-finite/,
    planted: class extends OperationsDriver {
      override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
        const x = this.load(io.x, p.dtype, countElements(p));
        super.backward(p, io);
        if (x.some(Number.isNaN)) this.store(io.dx, p.dtype, x.fill(Number.NaN));
      }
    },
  },
  {
    name: 'llama rounds in backward',
    fault: 'takes the rounded x * r for dgamma, where rounding counts as identity',
    caughtBy: /^backward\/options/,
    planted: class extends OperationsDriver {
      override gradientRow(p: Problem, operands: GradientOperands, place: Row): GradientRow {
        const row = super.gradientRow(p, operands, place);
        return p.casting === 'llama' ? { ...row, normed: row.normed.map((value) => roundTo(p.dtype, value)) } : row;
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
