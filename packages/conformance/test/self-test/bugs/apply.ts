import type { HostForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { PlainDriver, type Statistic } from '../plain-driver.ts';

/** Knows whether it runs for `apply`. */
class HostAware extends PlainDriver {
  protected onHost = false;
  override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
    this.onHost = true;
    const done = super.hostForward(p, io);
    this.onHost = false;
    return done;
  }
}

/** What a problem becomes where an option is not looked at. */
const IGNORED: Readonly<Record<string, (p: Problem) => Partial<Problem>>> = {
  eps: () => ({ eps: 1e-6 }),
  epsMode: () => ({ epsMode: 'add' }),
  scale: () => ({ alpha: 1 }),
  partial: ({ size }) => ({ statSize: size }),
  weightOffset: () => ({ weightOffset: 0 }),
  casting: () => ({ casting: 'gemma' }),
};

/** hostForward, the way of `apply`: host in, host out. */
export const APPLY_BUGS: readonly Bug[] = [
  {
    name: 'apply ignores beta',
    fault: 'has no beta in hostForward',
    caughtBy: /^forward\/apply/,
    planted: class extends PlainDriver {
      override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        return super.hostForward(p, { ...io, beta: null });
      }
    },
  },
  {
    name: 'apply ignores gamma of later groups',
    fault: "takes the first group's gamma for every group in hostForward",
    caughtBy: /^forward\/apply/,
    planted: class extends PlainDriver {
      override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        const gamma = io.gamma?.map((_, i, all) => all[i % p.size]!) ?? null;
        return super.hostForward(p, { ...io, gamma });
      }
    },
  },
  {
    name: 'apply writes its input',
    fault: 'uses x as scratch in hostForward',
    caughtBy: /^forward\/apply/,
    planted: class extends PlainDriver {
      override async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        await super.hostForward(p, io);
        if (io.x.buffer !== io.y.buffer) io.x.set(io.y);
      }
    },
  },
  {
    name: 'apply has other bits',
    fault: 'computes in float64 in hostForward, and in float32 in forward',
    caughtBy: /^forward\/apply/,
    planted: class extends HostAware {
      override factor(r: number): number {
        return this.onHost ? r : super.factor(r);
      }
    },
  },
  {
    name: 'apply drops the last chunk',
    fault: 'streams chunks of 1,024 outer rows in hostForward and misses what is left over',
    caughtBy: /^forward\/apply:pieces=many/,
    planted: class extends PlainDriver {
      override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        const outer = p.outer > 1024 ? p.outer - (p.outer % 1024) : p.outer;
        return super.hostForward({ ...p, outer }, io);
      }
    },
  },
  {
    name: 'apply takes the wrong end of the array',
    fault: 'reads from the start of the ArrayBuffer instead of from byteOffset',
    caughtBy: /^forward\/apply/,
    planted: class extends PlainDriver {
      override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        return super.hostForward(p, { ...io, x: new Uint8Array(io.x.buffer, 0, io.x.length) });
      }
    },
  },
  ...Object.entries(IGNORED).map(
    ([what, plain]): Bug => ({
      name: `apply ignores ${what}`,
      fault: `has no ${what} in hostForward`,
      caughtBy: /^forward\/apply:option/,
      planted: class extends PlainDriver {
        override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
          return super.hostForward({ ...p, ...plain(p) }, io);
        }
      },
    }),
  ),
  {
    name: 'apply without rescaling',
    fault: 'lets squares overflow in hostForward',
    caughtBy: /^forward\/apply:option=(huge|tiny)/,
    planted: class extends HostAware {
      override isExtreme(p: Problem, sum: number): boolean {
        return !this.onHost && super.isExtreme(p, sum);
      }
    },
  },
  {
    name: 'apply gives NaN for zero rows',
    fault: 'multiplies 0 by an infinite r in hostForward',
    caughtBy: /^forward\/apply:option=zeros/,
    planted: class extends HostAware {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return this.onHost && x === 0 ? x * statistic.factor : super.normed(p, x, statistic);
      }
    },
  },
  {
    name: 'applies at once share a stage',
    fault: 'waits between filling its one scratch area and copying the result out',
    caughtBy: /^forward\/apply:calls=together/,
    planted: class extends PlainDriver {
      private stage = new Uint8Array(0);
      override async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        this.stage = io.x.slice();
        await null;
        await super.hostForward(p, { ...io, x: this.stage });
      }
    },
  },
];
