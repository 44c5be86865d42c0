import type { AddForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { OperationsDriver } from '../operations-driver.ts';
import { countElements } from '../plain-driver.ts';

const caughtBy = /^addForward\//;

export const ADD_FORWARD_BUGS: readonly Bug[] = [
  {
    name: 'sum not rounded before the norm',
    fault: 'normalizes x + residual in float32, and rounds only what it writes to sum',
    caughtBy,
    planted: class extends OperationsDriver {
      override sum(_p: Problem, x: number, residual: number): number {
        return Math.fround(x + residual);
      }
    },
  },
  {
    name: 'sum truncated',
    fault: 'cuts the sum off to 16 bits instead of rounding it',
    caughtBy,
    planted: class extends OperationsDriver {
      override sum(p: Problem, x: number, residual: number): number {
        const sum = super.sum(p, x, residual);
        const exact = x + residual;
        if (p.dtype !== 'bfloat16' || Math.abs(sum) <= Math.abs(exact) || !Number.isFinite(sum)) return sum;
        const bits = new Uint32Array(Float32Array.of(exact).buffer)[0]! & 0xffff0000;
        return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
      }
    },
  },
  {
    name: 'sum of float16 saturates',
    fault: 'clamps a sum that overflows to 65504',
    caughtBy: /^addForward\/non-finite/,
    planted: class extends OperationsDriver {
      override sum(p: Problem, x: number, residual: number): number {
        const sum = super.sum(p, x, residual);
        return p.dtype === 'float16' && Math.abs(sum) === Number.POSITIVE_INFINITY ? Math.sign(sum) * 65504 : sum;
      }
    },
  },
  {
    name: 'sum written before x is read',
    fault: 'writes all of sum, then reads x and residual again for y: wrong in place',
    caughtBy: /^addForward\/in-place/,
    planted: class extends OperationsDriver {
      override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
        const count = countElements(p);
        const add = (): Float32Array => {
          const x = this.load(io.x, p.dtype, count);
          const residual = this.load(io.residual, p.dtype, count);
          return x.map((value, i) => this.sum(p, value, residual[i]!));
        };
        this.store(io.sum, p.dtype, add());
        this.store(io.y, p.dtype, this.normalize(p, { ...this.weights(p, io), x: add() }));
      }
    },
  },
  {
    name: 'y written before the sum is read',
    fault: 'writes y, then adds x and residual for sum: wrong where y is one of them',
    caughtBy: /^addForward\/in-place/,
    planted: class extends OperationsDriver {
      override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
        const count = countElements(p);
        const add = (): Float32Array => {
          const x = this.load(io.x, p.dtype, count);
          const residual = this.load(io.residual, p.dtype, count);
          return x.map((value, i) => this.sum(p, value, residual[i]!));
        };
        this.store(io.y, p.dtype, this.normalize(p, { ...this.weights(p, io), x: add() }));
        this.store(io.sum, p.dtype, add());
      }
    },
  },
  {
    name: 'sum not written',
    fault: 'normalizes the sum but leaves the output for it as it was',
    caughtBy,
    planted: class extends OperationsDriver {
      override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
        super.addForward(p, { ...io, sum: new Uint8Array(io.sum.length) });
      }
    },
  },
  {
    name: 'residual ignored in rstd',
    fault: 'writes the statistic of x alone',
    caughtBy: /^addForward\/options/,
    planted: class extends OperationsDriver {
      override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
        const x = this.load(io.x, p.dtype, countElements(p));
        super.addForward(p, { ...io, rstd: null });
        if (io.rstd) this.normalize(p, { ...this.weights(p, io), x });
      }
    },
  },
  {
    name: 'residual missing',
    fault: 'gives y = norm(x) and sum = x',
    caughtBy,
    planted: class extends OperationsDriver {
      override sum(_p: Problem, x: number): number {
        return x;
      }
    },
  },
  {
    name: 'addForward has a kernel of its own',
    fault: 'has an r one ulp beside that of forward: right within the bound, but not the bits of the two steps',
    caughtBy: /^addForward\/two-steps/,
    planted: class extends OperationsDriver {
      private adding = false;
      override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
        this.adding = true;
        super.addForward(p, io);
        this.adding = false;
      }
      override factor(r: number): number {
        return super.factor(this.adding ? r * (1 + 2 ** -23) : r);
      }
    },
  },
];
