import type { Op } from '@rmsnorm/core';
import { GRID_NAMES } from '../../../../src/plan/grids.ts';
import type { Bug } from '../../bug.ts';
import { type DriverCall, lastWrongWhere } from './around.ts';

type Call = DriverCall;

/** In place, from some size on: what is read last was written over. */
const IN_PLACE: readonly {
  readonly op: Op;
  readonly what: string;
  readonly place: string;
  readonly when: (call: Call) => boolean;
}[] = [
  {
    op: 'forward',
    what: 'rows of more than 4,096',
    place: 'y-in-x',
    when: ({ p, io }) => io.y === io.x && p.size > 4096,
  },
  {
    op: 'forward',
    what: 'columns of more than 300',
    place: 'y-in-x',
    when: ({ p, io }) => io.y === io.x && p.inner > 1 && p.size > 300,
  },
  {
    op: 'addForward',
    what: 'y in the residual, rows of more than 8,192',
    place: 'y-in-residual',
    when: ({ p, io }) => io.y === io.residual && p.size > 8192,
  },
  {
    op: 'addForward',
    what: 'sum in x, rows of more than 1,000',
    place: '.*sum-in-x',
    when: ({ p, io }) => io.sum === io.x && p.size > 1000,
  },
  {
    op: 'gatedForward',
    what: 'y in the gate, rows of more than 1,024',
    place: 'y-in-gate',
    when: ({ p, io }) => io.y === io.gate && p.size > 1024,
  },
  {
    op: 'gatedForward',
    what: 'y in x, groups of more than 500',
    place: 'y-in-x',
    when: ({ p, io }) => io.y === io.x && p.groups > 1 && p.size > 500,
  },
  {
    op: 'backward',
    what: 'dx in dy, rows of more than 4,096',
    place: 'dx-in-dy',
    when: ({ p, io }) => io.dx === io.dy && p.size > 4096,
  },
  {
    op: 'backward',
    what: 'dx in x, columns of more than 100',
    place: '.*dx-in-x',
    when: ({ p, io }) => io.dx === io.x && p.inner > 1 && p.size > 100,
  },
  {
    op: 'scaleBy',
    what: 'y in x, rows of more than 1,024',
    place: 'y-in-x',
    when: ({ p, io }) => io.y === io.x && p.size > 1024,
  },
];

/** Which operation does not see to which grid of more than 65,535. Each grid and each operation has its bugs. */
const GRIDS: readonly (readonly [Op, string])[] = [
  ['forward', 'groups*inner'],
  ['forward', 'outer*groups*inner'],
  ['addForward', 'outer*inner'],
  ['addForward', 'inner'],
  ['gatedForward', 'inner'],
  ['gatedForward', 'outer*groups'],
  ['backward', 'groups'],
  ['backward', 'outer*inner'],
  ['sumSquares', 'outer*groups'],
  ['sumSquares', 'outer*groups*inner'],
  ['scaleBy', 'groups*inner'],
  ['scaleBy', 'outer'],
  ['forwardQuantized', 'outer*inner'],
  ['forwardQuantized', 'groups'],
];

function isBeyond(grid: string, { p }: Call): boolean {
  const counts = { outer: p.outer, groups: p.groups, inner: p.inner };
  const parts = grid.split('*') as (keyof typeof counts)[];
  return parts.every((part) => counts[part] > 1) && parts.reduce((all, part) => all * counts[part], 1) > 65535;
}

export const PLACE_BUGS: readonly Bug[] = [
  ...IN_PLACE.map(
    ({ op, what, place, when }): Bug => ({
      name: `${op} in place: ${what}`,
      fault: 'reads what it has written already, but only from some size on',
      caughtBy: new RegExp(`^${op}/plan:.*place=${place}`),
      planted: lastWrongWhere((call) => call.op === op && when(call)),
    }),
  ),
  ...GRIDS.map(([op, grid]): Bug => {
    if (!GRID_NAMES.includes(grid)) throw new Error(`there is no grid ${grid}`);
    return {
      name: `${op} on ${grid} beyond 65,535`,
      fault: `lays ${grid} along one axis of a grid, which ends at 65,535`,
      caughtBy: new RegExp(`^${op}/plan:grid`),
      planted: lastWrongWhere((call) => call.op === op && isBeyond(grid, call)),
    };
  }),
];
