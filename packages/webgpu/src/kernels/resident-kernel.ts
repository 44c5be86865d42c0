import type { Problem } from '@rmsnorm/core';
import type { Capabilities, Shader } from '../dispatch.ts';
import { AT, type Declared, declarations, FIRST_FOUR } from './buffers.ts';
import { type Layout, layoutKey, placing, powerOfTwoFrom, putting } from './layout.ts';
import {
  elementwise,
  type Operation,
  sink,
  source,
  type VariableOf,
  type Weights,
  weighting,
  weightsKey,
} from './operation.ts';
import { PARAMETERS } from './parameters.ts';
import { BUILTINS, WORKGROUP_INDEX } from './parts.ts';
import { statistics } from './statistic.ts';
import { PLAIN_RSTD, rescaling, sumOfSquares } from './sums.ts';
import { enables, rowTeam, type Team, teamKey, teamwork, workgroupSize } from './team.ts';
import { lines, tree, unrolled } from './wgsl.ts';

/** A row in registers: each element is read once. */
export interface Residence {
  readonly team: Team;
  /** Steps of the team over the row, each four elements of every member. */
  readonly steps: number;
  /** Whether the last step is a whole one. */
  readonly full: boolean;
}

/** Up to so many features a row is read once. */
export const RESIDENT = 8192;

/** Null where a row is too long. The widest is 8 steps of 256. */
export function residenceOf(size: number, capabilities: Capabilities): Residence | null {
  if (size > RESIDENT) return null;
  const { subgroups, limits } = capabilities;
  // Narrow subgroups are a processor's: its registers spill into its cache, and whatever crosses lanes costs more.
  const most = subgroups && subgroups.most < 8 ? 32 : 8;
  const quads = Math.ceil(size / 4);
  const width = Math.max(Math.min(4, powerOfTwoFrom(quads)), powerOfTwoFrom(quads / most));
  if (width > limits.maxComputeInvocationsPerWorkgroup) return null;
  const steps = Math.ceil(quads / width);
  return { team: rowTeam(width, capabilities), steps, full: quads % width === 0 };
}

export interface ResidentKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly residence: Residence;
  readonly operation: Operation;
  readonly weights: Weights;
  readonly rstd: boolean;
  readonly buffers: readonly Declared[];
  readonly variable: VariableOf;
}

export function residentShader(kernel: ResidentKernel): Shader {
  const { p, layout, residence, operation, weights, rstd, buffers } = kernel;
  const { team, steps, full } = residence;
  const bound = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `resident:${operation.name},${p.dtype},${layoutKey(layout)},${teamKey(team)},${steps}${full ? 'full' : ''},${weightsKey(weights)},${rstd ? 'rstd' : ''}:${bound}`,
    code: () => residentCode(kernel),
  };
}

function residentCode({ p, layout, residence, operation, weights, rstd, buffers, variable }: ResidentKernel): string {
  const { team, steps, full } = residence;
  const { access } = layout;
  const { width } = team;
  // Only the last step may go beyond the row.
  const guarded = (step: number, statement: string): string =>
    step === steps - 1 && !full ? `if (j${step} < steps(row)) { ${statement} }` : statement;
  return lines(
    enables(team),
    PARAMETERS,
    declarations(buffers),
    AT,
    FIRST_FOUR,
    placing(layout),
    teamwork(team, 1),
    elementwise(operation, p, access),
    source(operation, p, access),
    'fn source_for_sum(at: At) -> V { return source(at); }',
    statistics({ product: true }),
    sumOfSquares(width),
    rescaling(width, rstd),
    rstd && lines(PLAIN_RSTD, putting('rstd', layout)),
    weighting(weights, layout.along, access),
    sink(operation, p, access, variable),
    `
fn write_rescaled(row: Row, s: Statistic) {
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    let u = source(at);
    sink(at, u, scaled_product(u, s));
  }
}

@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = team(${WORKGROUP_INDEX});
  ${team.kind === 'workgroup' ? 'if (unit >= units()) { return; }' : ''}
  let row = row_of(min(unit, units() - 1u));
  let ours = unit < units();`,
    unrolled(steps, (i) => `  let j${i} = lane() + ${i * width}u;`),
    unrolled(steps, (i) => `  var x${i} = V(); ${guarded(i, `x${i} = source(place(row, j${i}));`)}`),
    squares(steps),
    `
  let sum = team_sum(sum_of(squares));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(row, sum);
    if (!ours) { return; }
    write_rescaled(row, result.statistic);
    ${rstd ? 'if (lane() == 0u) { put_rstd(row, result.rstd); }' : ''}
  } else {
    if (!ours) { return; }
    let r = plain_r(sum);`,
    unrolled(steps, (i) => `    ${guarded(i, `sink(place(row, j${i}), x${i}, x${i} * r);`)}`),
    `    ${rstd ? 'if (lane() == 0u) { put_rstd(row, plain_rstd(sum)); }' : ''}
  }
}`,
  );
}

/** Chains of at most 8, then a tree. */
function squares(steps: number): string {
  const blocks = Math.ceil(steps / 8);
  const each = Math.ceil(steps / blocks);
  const names = Array.from({ length: blocks }, (_, block) => `block${block}`);
  return lines(
    ...names.map((name) => `  var ${name} = V();`),
    unrolled(steps, (i) => {
      const block = names[Math.floor(i / each)]!;
      return `  { let c = counted(j${i}, x${i}); ${block} = fma(c, c, ${block}); }`;
    }),
    `  let squares = ${tree(names)};`,
  );
}
