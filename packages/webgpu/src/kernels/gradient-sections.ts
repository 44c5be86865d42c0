import type { Shader } from '../dispatch.ts';
import { type Declared, load, loadWeights } from './buffers.ts';
import { compensated } from './compensated.ts';
import { widen } from './element.ts';
import { type Layout, layoutKey } from './layout.ts';
import { opening } from './opening.ts';
import { BUILTINS, WORKGROUP_INDEX } from './parts.ts';
import type { Problem } from './problem.ts';
import { dotOfSection, PUT_SECTION, SQUARES_OF_SECTION } from './sections.ts';
import { statistics } from './statistic.ts';
import { rescaling, sumOfSquares } from './sums.ts';
import { enables, type Team, teamKey, workgroupSize } from './team.ts';
import { weightedGradient } from './weighted-gradient.ts';
import { lines } from './wgsl.ts';

/** Of every section of a row the sum of squares, if it is wanted, and that of g x. */
export interface SectionsKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly team: Team;
  readonly gamma: boolean;
  readonly squares: boolean;
  readonly buffers: readonly Declared[];
}

export function gradientSectionsShader(kernel: SectionsKernel): Shader {
  const { p, layout, team, gamma, squares, buffers } = kernel;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `gradient-sections:${p.dtype},${layoutKey(layout)},${teamKey(team)},${gamma},${squares}:${names}`,
    code: () => code(kernel),
  };
}

function code({ p, layout, team, gamma, squares, buffers }: SectionsKernel): string {
  const { access, along } = layout;
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    widen(p),
    load('x', 'x', p.dtype, access),
    load('dy', 'dy', p.dtype, access),
    gamma && loadWeights('gamma', along, access),
    'fn source_for_sum(at: At) -> V { return load_x(at); }',
    statistics({ product: false }),
    squares && lines(sumOfSquares(team.width), rescaling(team.width, false)),
    compensated(),
    weightedGradient(gamma, true),
    dotOfSection(team.width),
    `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = ${WORKGROUP_INDEX};
  if (unit >= units()) { return; }
  let row = row_of(unit);`,
    squares ? SQUARES_OF_SECTION : '  var result = vec4u();',
    '  result = add_dot(row, result);',
    PUT_SECTION,
    '}',
  );
}
