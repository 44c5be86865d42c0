import type { FloatDType, Op } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { AroundDriver, around, type DriverCall } from './around.ts';

/** Reads subnormals of a dtype as 0, of one operand of one operation. */
function flushing(op: Op, operand: string, flushed: FloatDType): new () => AroundDriver {
  const least = flushed === 'float16' ? 2 ** -14 : 2 ** -126;
  return class extends AroundDriver {
    override load(block: Uint8Array, dtype: FloatDType, count: number): Float32Array {
      const values = super.load(block, dtype, count);
      const meant = this.current?.op === op && this.current.io[operand] === block && dtype === flushed;
      return meant ? values.map((value) => (Math.abs(value) < least ? 0 : value)) : values;
    }
  };
}

const FLUSHED: readonly (readonly [Op, string, FloatDType?])[] = [
  ['addForward', 'residual', 'float32'],
  ['addForward', 'x', 'bfloat16'],
  ['backward', 'x', 'float32'],
  ['forwardQuantized', 'x', 'bfloat16'],
  ['forward', 'x'],
  ['addForward', 'residual'],
  ['gatedForward', 'x'],
  ['gatedForward', 'gate'],
  ['backward', 'x'],
  ['backward', 'dy'],
  ['sumSquares', 'x'],
  ['scaleBy', 'x'],
  ['forwardQuantized', 'x'],
];

/** What goes wrong where two inputs are one tensor: the second is taken to be absent, or to be something else. */
const TWINS: readonly {
  readonly op: Op;
  readonly what: string;
  readonly fault: string;
  readonly isTwin: (io: DriverCall['io']) => boolean;
  readonly instead: (io: DriverCall['io']) => DriverCall['io'];
}[] = [
  {
    op: 'addForward',
    what: 'residual is x',
    fault: 'takes a residual that is x for one that was added already',
    isTwin: (io) => io.residual === io.x,
    instead: (io) => ({ ...io, residual: new Uint8Array(io.residual!.length) }),
  },
  {
    op: 'gatedForward',
    what: 'gate is x',
    fault: 'binds the gate in place of x where both are one buffer, with a gate of 0',
    isTwin: (io) => io.gate === io.x,
    instead: (io) => ({ ...io, gate: new Uint8Array(io.gate!.length) }),
  },
  {
    op: 'backward',
    what: 'dsum is dy',
    fault: 'adds no dsum where it is dy',
    isTwin: (io) => io.dsum !== null && io.dsum === io.dy && io.dsum !== io.x,
    instead: (io) => ({ ...io, dsum: null }),
  },
  {
    op: 'backward',
    what: 'dsum is x',
    fault: 'adds no dsum where it is x',
    isTwin: (io) => io.dsum !== null && io.dsum === io.x && io.dsum !== io.dy,
    instead: (io) => ({ ...io, dsum: null }),
  },
  {
    op: 'backward',
    what: 'dy is x',
    fault: 'takes dy for 0 where it is x',
    isTwin: (io) => io.dy === io.x && io.dsum === null,
    instead: (io) => ({ ...io, dy: new Uint8Array(io.dy!.length) }),
  },
  {
    op: 'backward',
    what: 'dsum, dy and x are one',
    fault: 'adds no dsum where all three are one tensor',
    isTwin: (io) => io.dy === io.x && io.dsum === io.x,
    instead: (io) => ({ ...io, dsum: null }),
  },
  ...(['forward', 'addForward', 'gatedForward', 'scaleBy', 'forwardQuantized'] as const).map((op) => ({
    op,
    what: 'beta is gamma',
    fault: 'adds no beta where it is gamma',
    isTwin: (io: DriverCall['io']) => io.beta != null && io.beta === io.gamma,
    instead: (io: DriverCall['io']) => ({ ...io, beta: null }),
  })),
];

/** Operands that are subnormal, and operands that are one tensor. */
export const OPERAND_BUGS: readonly Bug[] = [
  ...FLUSHED.map(
    ([op, operand, dtype = 'float16']): Bug => ({
      name: `subnormal ${dtype} ${operand} is 0 in ${op}`,
      fault: `flushes ${dtype} subnormals of ${operand}, which it promises to keep`,
      caughtBy: new RegExp(`^${op}/plan:.*rows=subnormal`),
      planted: flushing(op, operand, dtype),
    }),
  ),
  ...TWINS.map(
    ({ op, what, fault, isTwin, instead }): Bug => ({
      name: `${op} where ${what}`,
      fault,
      caughtBy: new RegExp(`^${op}/plan:.*place=[a-z-]*-is-`),
      planted: around((call, run) => run(call.p, call.op === op && isTwin(call.io) ? instead(call.io) : call.io)),
    }),
  ),
];
