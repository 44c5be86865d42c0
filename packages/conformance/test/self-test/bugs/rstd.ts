import { type ForwardIO, type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { floats, PlainDriver, type Statistic } from '../plain-driver.ts';

/** The second output: r / alpha of each row. */
export const RSTD_BUGS: readonly Bug[] = [
  {
    name: 'rstd not written',
    fault: 'takes rstd and leaves it as it was',
    caughtBy: /^forward\/options:rstd/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        super.forward(p, { ...io, rstd: null });
      }
    },
  },
  {
    name: 'rstd includes alpha',
    fault: 'writes r instead of r / alpha',
    caughtBy: /^forward\/options:rstd/,
    planted: class extends PlainDriver {
      override rstd(p: Problem, statistic: Statistic): number {
        return super.rstd(p, statistic) * p.alpha;
      }
    },
  },
  {
    name: 'rstd in the dtype of x',
    fault: 'rounds rstd to 16 bits where x has 16 bits',
    caughtBy: /^forward\/options:rstd/,
    planted: class extends PlainDriver {
      override rstd(p: Problem, statistic: Statistic): number {
        return roundTo(p.dtype, super.rstd(p, statistic));
      }
    },
  },
  {
    name: 'rstd is the RMS',
    fault: 'writes the root instead of its reciprocal',
    caughtBy: /^forward\/options:rstd/,
    planted: class extends PlainDriver {
      override rstd(p: Problem, statistic: Statistic): number {
        return 1 / super.rstd(p, statistic);
      }
    },
  },
  {
    name: 'rstd as [outer, inner, groups]',
    fault: 'writes rstd with groups innermost',
    caughtBy: /^forward\/options:rstd/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        super.forward(p, io);
        if (!io.rstd) return;
        const rstd = floats(io.rstd, p.outer * p.groups * p.inner);
        const right = rstd.slice();
        for (let index = 0; index < rstd.length; index++) {
          const inner = index % p.inner;
          const group = Math.floor(index / p.inner) % p.groups;
          const outer = Math.floor(index / (p.inner * p.groups));
          rstd[(outer * p.inner + inner) * p.groups + group] = right[index]!;
        }
      }
    },
  },
];
