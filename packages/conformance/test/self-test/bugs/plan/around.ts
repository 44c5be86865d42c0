import type {
  AddForwardIO,
  BackwardIO,
  DType,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  Op,
  Problem,
  ScaleByIO,
  SumSquaresIO,
} from '@rmsnorm/core';
import { OperationsDriver } from '../../operations-driver.ts';
import { floats, halves } from '../../plain-driver.ts';

type Blocks = Readonly<Record<string, Uint8Array | null>>;

/** One call of the driver, whichever operation it is of. */
export interface DriverCall {
  readonly op: Op;
  readonly p: Problem & { readonly normBeforeGate?: boolean; readonly count?: number; readonly scale?: number | null };
  readonly io: Blocks;
}

type Run = (p: DriverCall['p'], io: Blocks) => void;

/** The plain driver, with one method around the calls of every operation. */
export class AroundDriver extends OperationsDriver {
  /** The call that runs: for hooks that are the same for all operations. */
  protected current: DriverCall | null = null;

  /** Replaces, changes or follows a call. */
  protected around({ p, io }: DriverCall, run: Run): void {
    run(p, io);
  }

  private enter(op: Op, p: Problem, io: object, run: (p: never, io: never) => void): void {
    this.current = { op, p, io: io as Blocks };
    this.around(this.current, run as unknown as Run);
    this.current = null;
  }

  override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
    this.enter('forward', p, io, (q, blocks) => super.forward(q, blocks));
  }
  override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
    this.enter('addForward', p, io, (q, blocks) => super.addForward(q, blocks));
  }
  override gatedForward(p: Problem & { readonly normBeforeGate: boolean }, io: GatedForwardIO<Uint8Array>): void {
    this.enter('gatedForward', p, io, (q, blocks) => super.gatedForward(q, blocks));
  }
  override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
    this.enter('backward', p, io, (q, blocks) => super.backward(q, blocks));
  }
  override sumSquares(p: Problem, io: SumSquaresIO<Uint8Array>): void {
    this.enter('sumSquares', p, io, (q, blocks) => super.sumSquares(q, blocks));
  }
  override scaleBy(p: Problem & { readonly count: number }, io: ScaleByIO<Uint8Array>): void {
    this.enter('scaleBy', p, io, (q, blocks) => super.scaleBy(q, blocks));
  }
  override forwardQuantized(p: Problem & { readonly scale: number | null }, io: ForwardQuantizedIO<Uint8Array>): void {
    this.enter('forwardQuantized', p, io, (q, blocks) => super.forwardQuantized(q, blocks));
  }
}

/** A driver whose calls go as `around` says. */
export function around(change: (call: DriverCall, run: Run) => void): new () => AroundDriver {
  return class extends AroundDriver {
    protected override around(call: DriverCall, run: Run): void {
      change(call, run);
    }
  };
}

/** The output that is like x, or has a number for each row. */
const MAIN: Readonly<Record<Op, { readonly output: string; readonly dtype: DType | null }>> = {
  forward: { output: 'y', dtype: null },
  addForward: { output: 'y', dtype: null },
  gatedForward: { output: 'y', dtype: null },
  backward: { output: 'dx', dtype: null },
  sumSquares: { output: 'sums', dtype: 'float32' },
  scaleBy: { output: 'y', dtype: null },
  forwardQuantized: { output: 'q', dtype: 'int8' },
};

/** Makes the last element of the operation's result another: as one that was read too late, or not written. */
function spoilLast({ op, p, io }: DriverCall): void {
  const { output, dtype } = MAIN[op];
  const block = io[output]!;
  const rows = p.outer * p.groups * p.inner;
  const count = op === 'sumSquares' ? rows : rows * p.size;
  switch (dtype ?? p.dtype) {
    case 'float32':
      floats(block, count)[count - 1]! *= -1.5;
      return;
    case 'int8':
      new Int8Array(block.buffer, block.byteOffset, count)[count - 1]! ^= 0x1f;
      return;
    default:
      halves(block, count)[count - 1]! ^= 0x83f0;
  }
}

/** The right result, but for its last element where `when` holds. */
export function lastWrongWhere(when: (call: DriverCall) => boolean): new () => AroundDriver {
  return around((call, run) => {
    run(call.p, call.io);
    if (when(call)) spoilLast(call);
  });
}
