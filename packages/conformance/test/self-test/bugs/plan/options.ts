import type { HostForwardIO, Op, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { PlainDriver } from '../../plain-driver.ts';
import { around, type DriverCall } from './around.ts';

type P = DriverCall['p'];

const scaled = (p: Problem): boolean => p.alpha !== 1;
const clamped = (p: Problem): boolean => p.epsMode === 'clamp';
const partial = (p: Problem): boolean => p.statSize < p.size;
const llama = (p: Problem): boolean => p.casting === 'llama';
const offset = (p: Problem): boolean => p.weightOffset !== 0;

/** Three options that meet in a kernel of their own, which forgets one of them. */
const TRIPLES: readonly {
  readonly op: Op;
  readonly what: string;
  readonly when: (p: P, io: DriverCall['io']) => boolean;
  readonly change: (p: P, io: DriverCall['io']) => readonly [P, DriverCall['io']];
}[] = [
  {
    op: 'forward',
    what: 'llama, partial and beta: partial',
    when: (p, io) => llama(p) && partial(p) && io.beta !== null,
    change: (p, io) => [{ ...p, statSize: p.size }, io],
  },
  {
    op: 'forward',
    what: 'clamp, offset and no beta: offset',
    when: (p, io) => clamped(p) && offset(p) && io.beta === null,
    change: (p, io) => [{ ...p, weightOffset: 0 }, io],
  },
  {
    op: 'addForward',
    what: 'clamp, offset and beta: beta',
    when: (p, io) => clamped(p) && offset(p) && io.beta !== null,
    change: (p, io) => [p, { ...io, beta: null }],
  },
  {
    op: 'addForward',
    what: 'scale, partial and no gamma: scale',
    when: (p, io) => scaled(p) && partial(p) && io.gamma === null,
    change: (p, io) => [{ ...p, alpha: 1 }, io],
  },
  {
    op: 'gatedForward',
    what: 'norm first, llama and partial: partial',
    when: (p) => p.normBeforeGate === true && llama(p) && partial(p),
    change: (p, io) => [{ ...p, statSize: p.size }, io],
  },
  {
    op: 'gatedForward',
    what: 'gate first, scale and beta: beta',
    when: (p, io) => p.normBeforeGate === false && scaled(p) && io.beta !== null,
    change: (p, io) => [p, { ...io, beta: null }],
  },
  {
    op: 'backward',
    what: 'rstd, dsum and clamp: dsum',
    when: (p, io) => io.rstd !== null && io.dsum !== null && clamped(p),
    change: (p, io) => [p, { ...io, dsum: null }],
  },
  {
    op: 'backward',
    what: 'partial, scale and dsum: partial',
    when: (p, io) => partial(p) && scaled(p) && io.dsum !== null,
    change: (p, io) => [{ ...p, statSize: p.size }, io],
  },
  {
    op: 'scaleBy',
    what: 'other shards, scale and llama: scale',
    when: (p) => p.count !== p.size && scaled(p) && llama(p),
    change: (p, io) => [{ ...p, alpha: 1 }, io],
  },
  {
    op: 'forwardQuantized',
    what: 'a given scale, partial and offset: offset',
    when: (p) => p.scale != null && partial(p) && offset(p),
    change: (p, io) => [{ ...p, weightOffset: 0 }, io],
  },
];

/** Likewise in apply. */
const APPLIED: readonly {
  readonly what: string;
  readonly when: (p: Problem, io: HostForwardIO) => boolean;
  readonly change: (p: Problem, io: HostForwardIO) => readonly [Problem, HostForwardIO];
}[] = [
  {
    what: 'scale, partial and beta: beta',
    when: (p, io) => scaled(p) && partial(p) && io.beta !== null,
    change: (p, io) => [p, { ...io, beta: null }],
  },
  {
    what: 'clamp, offset and llama: clamp',
    when: (p) => clamped(p) && offset(p) && llama(p),
    change: (p, io) => [{ ...p, epsMode: 'add', eps: 1e-6 }, io],
  },
  {
    what: 'partial, no gamma and beta: partial',
    when: (p, io) => partial(p) && io.gamma === null && io.beta !== null,
    change: (p, io) => [{ ...p, statSize: p.size }, io],
  },
  {
    what: 'offset, llama and scale: offset',
    when: (p) => offset(p) && llama(p) && scaled(p),
    change: (p, io) => [{ ...p, weightOffset: 0 }, io],
  },
];

/** Three options together. */
export const TRIPLE_BUGS: readonly Bug[] = [
  ...TRIPLES.map(
    ({ op, what, when, change }): Bug => ({
      name: `${op} with ${what} is forgotten`,
      fault: 'has the options alone and in pairs, but not these three together',
      caughtBy: new RegExp(`^${op}/plan:`),
      planted: around((call, run) => {
        const wrong = call.op === op && when(call.p, call.io);
        const [p, io] = wrong ? change(call.p, call.io) : ([call.p, call.io] as const);
        run(p, io);
      }),
    }),
  ),
  ...APPLIED.map(
    ({ what, when, change }): Bug => ({
      name: `apply with ${what} is forgotten`,
      fault: 'has the options alone and in pairs, but not these three together',
      caughtBy: /^forward\/plan:way=apply/,
      planted: class extends PlainDriver {
        override hostForward(p: Problem, io: HostForwardIO): Promise<void> {
          return when(p, io) ? super.hostForward(...change(p, io)) : super.hostForward(p, io);
        }
      },
    }),
  ),
];
