import type { Shader } from '../../plan.ts';
import { type Access, COMPONENTS } from '../planning/access.ts';
import { workgroupSize } from '../planning/team.ts';
import { bufferKey } from '../wgsl/bindings.ts';
import { TOTAL } from '../wgsl/compensated.ts';
import { conversions } from '../wgsl/float16.ts';
import { loadElements, loadWeights, storeElements, withOffset } from '../wgsl/load-store.ts';
import { BUILTINS, preamble, tileKey, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { declareValues, eachStep, everyStep, sumOverSteps } from '../wgsl/resident-values.ts';
import { BY_WORDS, GAMMA_BY_WORDS, loadByWords, loadNeighbour, storeByWords } from '../wgsl/row-pairs.ts';
import { loadRowValues } from '../wgsl/row-values.ts';
import { MEAN_OF_SECTIONS, statisticOfSections } from '../wgsl/sections.ts';
import { STATISTIC, STATISTIC_OF_RSTD, statisticOfSums, TIMES_R } from '../wgsl/statistic.ts';
import { rescaling, SUM_OF_SQUARES } from '../wgsl/sums.ts';
import { usesSubgroups } from '../wgsl/teamwork.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { GRADIENT_MEAN, type GradientCall, gradientStatistic, scaledAndAdded } from './gradient.ts';
import { type SummingKernel, sumsOfPairsApart, weightSums } from './weight-sums.ts';

/** Tiles of x and dy in registers, of a team that goes from tile to tile. */
export interface SinglePassKernel extends SummingKernel, GradientCall {}

export function singlePassShader(kernel: SinglePassKernel): Shader {
  const { residency, gamma, rstdGiven, squares, dgamma, dbeta, buffers, dxBuffer } = kernel;
  const { steps: count, certain, unrolled, together } = residency;
  const steps = `${count}/${certain}${unrolled ? '' : 'array'}${together ? 'together' : ''}`;
  const tile = `${tileKey(kernel)},${steps}`;
  const sums = `${dgamma},${dbeta}${sumsOfPairsApart(kernel) ? ',apart' : ''}`;
  const what = `${gamma},${rstdGiven},${squares},${sums}`;
  return shaderOf(`gradient:${tile},${what}:${bufferKey(buffers)}>${dxBuffer}`, () => code(kernel));
}

function code(kernel: SinglePassKernel): string {
  const { problem, layout, team, residency, gamma, rstdGiven, squares, dsum, dgamma, dbeta, dxBuffer } = kernel;
  const { access } = layout;
  const { dtype } = problem;
  const pairs = layout.kind === 'resident-row-pairs';
  const sections = layout.kind === 'sections';
  return wgsl`
    ${preamble(kernel, usesSubgroups(team) || (residency.together && team.teams > 1))}
    ${conversions(problem, COMPONENTS[access])}
    ${loadElements('x', 'x', dtype, access)}
    ${loadElements('dy', 'dy', dtype, access)}
    ${dsum && (pairs ? loadByWords('dsum') : loadElements('dsum', 'dsum', dtype, access))}
    ${pairs ? storeByWords('dx', dxBuffer) : storeElements('dx', dxBuffer, dtype, access)}
    ${gamma && loadWeights('gamma', layout.weights, access)}
    fn norm_input_for_sum(place: Place) -> Elements { return load_x(place); }

    ${STATISTIC}
    ${squares && statisticOfSums(problem, { slope: true })}
    ${rstdGiven && STATISTIC_OF_RSTD}
    ${TIMES_R}
    ${squares && !sections && [SUM_OF_SQUARES, rescaling({ slope: true })]}
    ${squares && sections && statisticOfSections({ slope: true })}
    ${sections && MEAN_OF_SECTIONS}
    ${rstdGiven && loadRowValues('rstd', layout)}
    ${GRADIENT_MEAN}
    ${TOTAL}
    ${(dgamma || dbeta) && weightSums(kernel)}

    // g; 0 beyond the row's end, whatever stands there in gamma.
    fn weighted_dy(place: Place, dy: Elements) -> Elements {
      let g = dy${gamma && ` * ${withOffset('load_gamma(place)')}`};
      return ${present(kernel) ? `select(Elements(), g, ${present(kernel)})` : 'g'};
    }

    // special: whether any exponent is not 0.
    fn times_tile_r(v: Elements, s: Statistic, special: bool) -> Elements {
      if (special) { return times_scaled_r(v, s); }
      return v * s.r;
    }

    // g - n * mean, where x is in the statistic; at a zero denominator nothing goes through the mean, and n may be infinite.
    fn less_mean(tile: Tile, step: u32, g: Elements, n: Elements, mean: RowValues, s: Statistic) -> Elements {
      let v = fma(-n, Elements(mean), g);
      return select(${layout.partial ? 'select(v, g, within_statistic(tile, step, Elements(1.0)) == Elements())' : 'v'}, g, s.exponent == RowInts(R_IS_INFINITE));
    }

    ${
      pairs && [
        loadNeighbour('x'),
        loadNeighbour('dy'),
        BY_WORDS,
        gamma && GAMMA_BY_WORDS,
        gradientByWords(layout.partial, gamma),
      ]
    }
    ${main(kernel)}
  `;
}

/** Which of an invocation's elements are the row's; null where all are. */
function present({ layout }: SinglePassKernel): string | null {
  if (layout.kind === 'columns') return null;
  const conditions: Readonly<Partial<Record<Access, string>>> = {
    ragged: 'ELEMENT_OFFSETS < vec4u(place.count)',
    'features-of-pair': 'present_in_pair(place)',
  };
  return conditions[layout.access] ?? null;
}

/** dx of a row pair before alpha, in the order of the invocation's words. */
function gradientByWords(partial: boolean, gamma: boolean): string {
  const outside = 'features_by_words(place, step) >= vec4u(params.stat_size)';
  return wgsl`
    fn gradient_by_words(place: Place, step: u32, n: Elements, dy: Elements, mean: RowValues, s: Statistic, special: bool) -> Elements {
      let own = statistic_by_words(place, s);
      let g = dy${gamma && ` * ${withOffset('gamma_by_words(place, step)')}`};
      let v = fma(-n, row_values_by_words(place, mean), g);
      return times_tile_r(select(${partial ? `select(v, g, ${outside})` : 'v'}, g, own.exponent == RowInts(R_IS_INFINITE)), own, special);
    }
  `;
}

function main(kernel: SinglePassKernel): string {
  const { layout, team, residency, dgamma, dbeta } = kernel;
  const columns = layout.kind === 'columns';
  const pairs = layout.kind === 'resident-row-pairs';
  const sections = layout.kind === 'sections';
  return wgsl`
    @compute @workgroup_size(${workgroupSize(team)})
    fn main(${BUILTINS}) {
      local_index = index;
      let workgroup_index = ${WORKGROUP_INDEX};
      // All tiles of a workgroup are of one group of features${pairs && ', or of the same two'}; it has a chunk of them.
      let groups = ${pairs ? 'select(params.groups, params.groups / 2u, params.groups % 2u == 0u)' : 'params.groups'};
      let group = workgroup_index % groups;
      let section = ${sections ? '(workgroup_index / groups) % params.sections' : '0u'};
      let chunk = workgroup_index / (groups${sections && ' * params.sections'});
      if (chunk >= params.chunks) { return; }
      let tiles_of_slab = params.inner / ${columns ? COMPONENTS[layout.access] : 1}u;
      let slabs = ${pairs ? 'tile_count()' : 'params.rows / params.inner'};
      let count = select(0u, (slabs - group + groups - 1u) / groups, group < slabs) * tiles_of_slab;
      let first = chunk * params.chunk_tiles * TEAMS + local_team();

      // n = x * rstd. Until rstd is known it is x, which it replaces.
      ${declareValues(residency, 'n', 'Elements')}
      ${declareValues(residency, 'dy', 'Elements')}
      ${pairs && [declareValues(residency, 'n_neighbour', 'f32'), declareValues(residency, 'dy_neighbour', 'f32')]}
      ${dgamma && declareValues(residency, 'dgamma_sum', 'TermTotal')}
      ${dbeta && declareValues(residency, 'dbeta_sum', 'TermTotal')}

      for (var i = 0u; i < params.chunk_tiles; i++) {
        let tile_in_group = first + i * TEAMS;
        let has_tile = tile_in_group < count;
        let tile_index = ${
          sections
            ? '(group + groups * tile_in_group) * params.sections + section'
            : '(group + groups * (tile_in_group / tiles_of_slab)) * tiles_of_slab + tile_in_group % tiles_of_slab'
        };
        let tile = tile_at(min(tile_index, tile_count() - 1u));

        ${readTile(kernel)}

        ${statisticOfTile(kernel)}

        ${meanOfTile(kernel)}

        if (has_tile) {
          ${writeTile(kernel)}
        }
      }

      ${(dgamma || dbeta) && storeSums(kernel)}
    }
  `;
}

function readTile({ layout, residency, dxBuffer }: SinglePassKernel): string {
  const pairs = layout.kind === 'resident-row-pairs';
  return wgsl`
    ${eachStep(residency, ({ of }) => {
      const read = `let place = place_at(tile, step); ${of('n')} = load_x(place); ${of('dy')} = load_dy(place);`;
      const neighbours = `${of('n_neighbour')} = neighbour_x(place); ${of('dy_neighbour')} = neighbour_dy(place);`;
      return pairs ? `${read}\n${neighbours}` : read;
    })}
    ${
      pairs &&
      dxBuffer !== 'dx' &&
      wgsl`
        // Neighbours read some of each other's words: before any is written in place.
        storageBarrier();
      `
    }
  `;
}

/** `s`, `special`, `slope_factor`; and in `n`, which was x, x * rstd. */
function statisticOfTile({ layout, residency, rstdGiven, squares }: SinglePassKernel): string {
  const sections = layout.kind === 'sections';
  const pairs = layout.kind === 'resident-row-pairs';
  return wgsl`
    var s = ${rstdGiven ? 'statistic_of_rstd(load_rstd(tile))' : 'Statistic(RowValues(), RowInts())'};
    var special = ${rstdGiven ? 'any(s.exponent != RowInts())' : 'false'};
    var slope_factor = RowValues(1.0);
    ${
      squares &&
      sections &&
      wgsl`
        let all = statistic_of_sections(tile);
        ${!rstdGiven && 's = all.statistic;\nspecial = s.exponent != 0;'}
        slope_factor = all.slope_factor;
      `
    }
    ${
      squares &&
      !sections && [
        sumOverSteps(
          residency,
          'squares',
          ({ of }, block) => `let v = within_statistic(tile, step, ${of('n')}); ${block} = fma(v, v, ${block});`,
        ),
        gradientStatistic('sum_per_row(squares)', rstdGiven, 'special = true;'),
      ]
    }
    ${eachStep(residency, ({ of }) => {
      const n = `${of('n')} = times_tile_r(${of('n')}, s, special);`;
      const neighbour = of('n_neighbour');
      const times = `times_tile_r(Elements(${neighbour}), statistic_of_neighbour(s), special)`;
      return pairs ? `${n}\n${neighbour} = ${times}.x;` : n;
    })}
  `;
}

/** `mean` of g n, 0 where r is a constant. */
function meanOfTile({ layout, residency }: SinglePassKernel): string {
  const sections = layout.kind === 'sections';
  return wgsl`
    ${
      !sections &&
      sumOverSteps(
        residency,
        'products',
        ({ of }, block) => `${block} = fma(weighted_dy(place_at(tile, step), ${of('dy')}), ${of('n')}, ${block});`,
      )
    }
    var mean = ${sections ? 'mean_of_sections(tile, s)' : 'team_sum(sum_per_row(products)) * params.reciprocal_count'};
    mean = gradient_mean(mean, slope_factor, s);
  `;
}

function writeTile({ layout, residency, dsum, dgamma, dbeta }: SinglePassKernel): string {
  const pairs = layout.kind === 'resident-row-pairs';
  const added = dsum && (pairs ? 'load_dsum_by_words(place)' : 'load_dsum(place)');
  return eachStep(residency, ({ of }) => {
    const [n, dy] = [of('n'), of('dy')];
    const ofPair = `gradient_by_words(place, step, by_words(place, ${n}, ${of('n_neighbour')}), by_words(place, ${dy}, ${of('dy_neighbour')}), mean, s, special)`;
    const ofRow = `times_tile_r(less_mean(tile, step, weighted_dy(place, ${dy}), ${n}, mean, s), s, special)`;
    const [gammaSum, betaSum] = [of('dgamma_sum'), of('dbeta_sum')];
    return wgsl`
      let place = place_at(tile, step);
      let gradient = ${pairs ? ofPair : ofRow};
      store_dx(place, ${scaledAndAdded('gradient', added)});
      ${dgamma && `${gammaSum} = add_term(${gammaSum}, term_of(${dy} * (${n} * params.alpha)));`}
      ${dbeta && `${betaSum} = add_term(${betaSum}, term_of(${dy}));`}
    `;
  });
}

function storeSums(kernel: SinglePassKernel): string {
  const { layout, residency, dgamma, dbeta } = kernel;
  const sums = Number(dgamma) + Number(dbeta);
  const store = (sum: string, start: string): string => wgsl`
    {
      let v = total_across_teams(${sum});
      if (local_team() == 0u && step < steps_of(tile)) {
        store_weight_sum(${start}, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  `;
  return wgsl`
    let features = params.groups * params.size;
    let tile = tile_at(${layout.kind === 'sections' ? 'group * params.sections + section' : 'group * tiles_of_slab'});
    let start = (params.first_chunk + chunk) * features * ${sums}u${sumsOfPairsApart(kernel) && ' * (1u + params.groups % 2u)'} + tile.feature;
    ${everyStep(
      residency,
      ({ of }) => wgsl`
        ${dgamma && store(of('dgamma_sum'), 'start')}
        ${dbeta && store(of('dbeta_sum'), dgamma ? 'start + features' : 'start')}
      `,
    )}
  `;
}
