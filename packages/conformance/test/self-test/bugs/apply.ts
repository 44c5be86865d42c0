import type { HostForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { PlainDriver } from '../plain-driver.ts';

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
    planted: class extends PlainDriver {
      private host = false;
      override async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
        this.host = true;
        await super.hostForward(p, io);
        this.host = false;
      }
      override factor(r: number): number {
        return this.host ? r : super.factor(r);
      }
    },
  },
  {
    name: 'apply drops the last chunk',
    fault: 'streams chunks of 1,024 outer rows in hostForward and misses what is left over',
    caughtBy: /^forward\/apply/,
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
];
