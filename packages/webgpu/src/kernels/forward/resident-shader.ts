import type { Capabilities, Shader } from '../../plan.ts';
import { type Layout, layoutKey, powerOfTwoFrom, putting, RESIDENT_COLUMN } from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import {
  columnTeam,
  enables,
  narrowSubgroups,
  rowTeam,
  type Team,
  teamKey,
  widestOf,
  workgroupSize,
} from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import type { Declared } from '../wgsl/access.ts';
import {
  boundKey,
  elementwise,
  type Operation,
  sink,
  source,
  twinSink,
  twinSource,
  type VariableOf,
  type Weights,
  weighting,
  weightsKey,
} from '../wgsl/fusion.ts';
import { twinWords } from '../wgsl/row-pairs.ts';
import { opening } from '../wgsl/row-shader.ts';
import { statistics } from '../wgsl/statistic.ts';
import { ADD_BLOCK, PLAIN_RSTD, rescaling, sumOfSquares } from '../wgsl/sums.ts';
import { lines, unrolled } from '../wgsl/template.ts';

/** A row in registers: each element is read once. */
export interface Residence {
  readonly team: Team;
  /** Steps of the team over the row, each four elements of every member. */
  readonly steps: number;
  /** Whether all steps lie within the row; else those of the first half do, where there are two or more. */
  readonly full: boolean;
  /** Whether steps are unrolled, each with registers of its own; else they are an array. */
  readonly registers: boolean;
}

/** Up to so many features a row is read once. */
const RESIDENT = 8192;

/** Null where a row is too long. The widest is 8 steps of 256; 16 of twins, and 16 of 128 where subgroups may be of 4. */
export function residenceOf({ kind }: Layout, { size, dtype }: Problem, capabilities: Capabilities): Residence | null {
  // Twins take a processor too long to compile, unrolled.
  const registers = narrowSubgroups(capabilities) ? (kind === 'twins' ? 0 : 8) : 16;
  if (kind === 'columns') {
    if (size > RESIDENT_COLUMN) return null;
    const team = columnTeam(size, capabilities, dtype !== 'float32');
    const steps = powerOfTwoFrom(size / team.width);
    return { team, steps, full: size === team.width * steps, registers: steps <= registers };
  }
  if ((kind !== 'rows' && kind !== 'twins') || size > RESIDENT) return null;
  const { limits } = capabilities;
  const most = narrowSubgroups(capabilities) ? 64 : 8;
  // Of twins an invocation has two elements of two rows.
  const quads = Math.ceil(size / (kind === 'twins' ? 2 : 4));
  const wanted = Math.max(Math.min(4, powerOfTwoFrom(quads)), powerOfTwoFrom(quads / most));
  const width = Math.min(wanted, widestOf(capabilities));
  if (width > limits.maxComputeInvocationsPerWorkgroup) return null;
  // A power of two: few shaders for many sizes.
  const steps = powerOfTwoFrom(quads / width);
  return { team: rowTeam(width, capabilities), steps, full: quads === width * steps, registers: steps <= registers };
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
  const { p, layout, residence, operation, weights, rstd } = kernel;
  const { team, steps, full } = residence;
  const bound = boundKey(kernel);
  return {
    key: `resident:${operation.name},${p.dtype},${layoutKey(layout)},${teamKey(team)},${steps}${full ? 'full' : ''},${weightsKey(weights)},${rstd ? 'rstd' : ''}:${bound}`,
    code: () => residentCode(kernel),
  };
}

function residentCode({ p, layout, residence, operation, weights, rstd, buffers, variable }: ResidentKernel): string {
  const { team } = residence;
  const { access } = layout;
  const { width } = team;
  const twins = layout.kind === 'twins';
  const { load, write } = residence.registers ? inRegisters(residence, twins) : inArray(residence, twins);
  const inPlace = operation.outputs.some((name) => variable(name) !== name);
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    elementwise(operation, p, access),
    source(operation, p, access),
    'fn source_for_sum(at: At) -> V { return source(at); }',
    statistics({ product: true }),
    sumOfSquares(width),
    rescaling(width, rstd),
    rstd && lines(PLAIN_RSTD, putting('rstd', layout)),
    twins && lines('var<private> second_row: u32; // its first feature', twinWords(false), twinSource(operation)),
    weighting(weights, twins ? 'words' : layout.along, access),
    twins ? twinSink(operation, variable) : sink(operation, p, access, variable),
    `
fn write_rescaled(row: Row, s: Statistic) {
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    let u = ${twins ? 'source_in_words' : 'source'}(at);
    sink(at, u, scaled_product(u, ${twins ? 'statistic_in_words(at, s)' : 's'}));
  }
}

@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = team(${WORKGROUP_INDEX});
  ${team.kind === 'workgroup' ? 'if (unit >= units()) { return; }' : ''}
  let row = row_of(min(unit, units() - 1u));
  let ours = unit < units();
  ${twins ? 'second_row = first_feature(row.index + 1u);' : ''}`,
    load,
    // Neighbours read some of each other's words: before any is written in place.
    twins && inPlace && '  storageBarrier();',
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
    write,
    `    ${rstd ? 'if (lane() == 0u) { put_rstd(row, plain_rstd(sum)); }' : ''}
  }
}`,
  );
}

/** So many squares are added one behind the other; what such chains give is added with what each addition loses. */
const CHAIN = 8;

/** `load` leaves the elements and the sum of their `squares`: chains, then a tree; `write` takes r. */
interface Held {
  readonly load: string;
  readonly write: string;
}

function inRegisters({ team: { width }, steps, full }: Residence, twins: boolean): Held {
  const certain = full ? steps : Math.floor(steps / 2);
  const guarded = (step: number, statement: string): string =>
    step < certain ? statement : `if (j${step} < steps(row)) { ${statement} }`;
  const squared = (sum: string, from: number, count: number): string =>
    unrolled(count, (i) => `  { let c = counted(row, j${from + i}, x${from + i}); ${sum} = fma(c, c, ${sum}); }`);
  return {
    load: lines(
      unrolled(steps, (i) => `  let j${i} = lane() + ${i * width}u;`),
      unrolled(steps, (i) => `  var x${i} = V(); ${guarded(i, `x${i} = source(place(row, j${i}));`)}`),
      twins && unrolled(steps, (i) => `  var more${i} = 0.0; ${guarded(i, `more${i} = besides(place(row, j${i}));`)}`),
      steps <= CHAIN
        ? lines('  var squares = V();', squared('squares', 0, steps))
        : lines(
            '  var high = V();',
            '  var low = V();',
            unrolled(steps / CHAIN, (i) =>
              lines('  { var block = V();', squared('block', i * CHAIN, CHAIN), ADD_BLOCK, '  }'),
            ),
            '  let squares = total_of(high, low);',
          ),
    ),
    write: unrolled(steps, (i) => `    ${guarded(i, written(`j${i}`, `x${i}`, twins && `more${i}`))}`),
  };
}

/** Writes what is held of a step. */
function written(j: string, x: string, more: string | false): string {
  if (!more) return `sink(place(row, ${j}), ${x}, ${x} * r);`;
  return `{ let at = place(row, ${j}); let u = in_words(at, ${x}, ${more}); sink(at, u, u * rows_in_words(at, r)); }`;
}

/** A chain's steps at a time, in an array, as where a row is read in loops; unrolled, unless it is of twins. */
function inArray({ team: { width }, steps, full }: Residence, twins: boolean): Held {
  const eight = (statement: (j: string, x: string, more: string) => string): string =>
    twins
      ? lines(
          '    for (var i = 0u; i < 8u; i++) {',
          `      let j = start + i * ${width}u;`,
          `      if (j < steps(row)) { ${statement('j', 'x[k + i]', 'more[k + i]')} }`,
          '    }',
        )
      : unrolled(8, (i) => {
          const inner = statement(`(start + ${i * width}u)`, `x[k + ${i}u]`, `more[k + ${i}u]`);
          return full ? `    { ${inner} }` : `    if (start + ${i * width}u < steps(row)) { ${inner} }`;
        });
  const loop = (...body: string[]): string =>
    lines(
      `  for (var k = 0u; k < ${steps}u; k += 8u) {`,
      `    let start = lane() + k * ${width}u;`,
      !full && '    if (start >= steps(row)) { break; }',
      ...body,
      '  }',
    );
  return {
    load: lines(
      `  var x: array<V, ${steps}>;`,
      twins && `  var more: array<f32, ${steps}>;`,
      '  var high = V();',
      '  var low = V();',
      loop(
        '    var block = V();',
        eight(
          (j, x, more) =>
            `let u = source(place(row, ${j})); ${x} = u;${twins ? ` ${more} = besides(place(row, ${j}));` : ''} let c = counted(row, ${j}, u); block = fma(c, c, block);`,
        ),
        ADD_BLOCK,
      ),
      '  let squares = total_of(high, low);',
    ),
    write: loop(eight((j, x, more) => written(j, x, twins && more))),
  };
}
