import type { ForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { countElements, type Operands, PlainDriver, type Row } from '../../plain-driver.ts';

type IO = ForwardIO<Uint8Array>;

/** Output that is not written, and operands that are not those of the call. */
export const STALE_BUGS: readonly Bug[] = [
  {
    name: 'zero rows not written',
    fault: 'leaves what was in the output where a row is all zeros',
    caughtBy: /^forward\/isolation:check=special-rows/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        if (this.load(io.x, p.dtype, countElements(p)).some((value) => value !== 0)) super.forward(p, io);
      }
    },
  },
  {
    name: 'zeros not written',
    fault: 'leaves what was in the output where an element of x is 0',
    caughtBy: /^forward\/(isolation|non-finite)/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        const before = this.load(io.y, p.dtype, countElements(p));
        const x = this.load(io.x, p.dtype, countElements(p));
        super.forward(p, io);
        const y = this.load(io.y, p.dtype, countElements(p));
        this.store(
          io.y,
          p.dtype,
          y.map((value, i) => (x[i] === 0 ? before[i]! : value)),
        );
      }
    },
  },
  {
    name: 'stale output reused',
    fault: 'skips a launch on the same buffers as the launch before',
    caughtBy: /^(forward\/(isolation|class)|backend\/)/,
    planted: class extends PlainDriver {
      private last: { p: Problem; io: IO } | null = null;
      override forward(p: Problem, io: IO): void {
        const same = this.last !== null && sameLaunch(this.last.p, p) && sameLaunch(this.last.io, io);
        this.last = { p, io };
        if (!same) super.forward(p, io);
      }
    },
  },
  {
    name: 'stale gamma reused',
    fault: 'keeps the gamma of the first launch with as many features',
    caughtBy: /^(forward\/class|backend\/)/,
    planted: class extends PlainDriver {
      private readonly kept = new Map<number, Float32Array>();
      override normalize(p: Problem, operands: Operands): Float32Array {
        const features = p.groups * p.size;
        if (operands.gamma && !this.kept.has(features)) this.kept.set(features, operands.gamma);
        return super.normalize(p, { ...operands, gamma: operands.gamma && this.kept.get(features)! });
      }
    },
  },
  {
    name: 'in place reads what it wrote',
    fault: 'with y = x, scales the first feature of a row before it has summed the row',
    caughtBy: /^forward\/(class|invariance:out=in-place)/,
    planted: class extends PlainDriver {
      private inPlace = false;
      override forward(p: Problem, io: IO): void {
        this.inPlace = io.x === io.y;
        super.forward(p, io);
      }
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        super.normalizeRow(p, operands, row, y);
        if (!this.inPlace) return;
        const x = operands.x.slice();
        x[row.start] = y[row.start]!;
        super.normalizeRow(p, { ...operands, x }, row, y);
      }
    },
  },
];

function sameLaunch<T extends object>(a: T, b: T): boolean {
  return (Object.keys(a) as (keyof T)[]).every((key) => a[key] === b[key]);
}
