import type { TileLayout } from '../planning/layout.ts';
import { rowTeam, sectionTeam } from '../planning/team.ts';
import type { LaunchOf } from '../slab-plan.ts';
import { boundForReading, bufferKey, reads, written } from '../wgsl/bindings.ts';
import { TOTAL } from '../wgsl/compensated.ts';
import { widen } from '../wgsl/float16.ts';
import { loadElements, loadWeights } from '../wgsl/load-store.ts';
import { mainWithoutIdleTeams, preamble, type TileKernel, tileKey } from '../wgsl/preamble.ts';
import { loadRowValues } from '../wgsl/row-values.ts';
import {
  HIGHEST_OF_SECTION,
  MEAN_OF_SECTIONS,
  PRODUCTS_OF_SECTION,
  SECTIONS,
  SQUARES_OF_SECTION,
  STORE_SECTION,
  statisticOfSections,
} from '../wgsl/sections.ts';
import { STATISTIC, STATISTIC_OF_RSTD, statisticOfSums } from '../wgsl/statistic.ts';
import { rescaling, SUM_OF_SQUARES } from '../wgsl/sums.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import {
  GRADIENT_MEAN,
  type GradientCall,
  gradientInputs,
  loadWeightedDy,
  ROW_STATISTICS,
  storeStatistics,
} from './gradient.ts';

type SectionKernel = TileKernel & Pick<GradientCall, 'gamma' | 'squares' | 'rstdGiven'>;

/** Of every section of a row the sum of squares, if it is wanted, and that of g x. */
export function sectionSums(call: GradientCall, layout: TileLayout, sections: number): LaunchOf {
  const { operands, capabilities, gamma, squares } = call;
  const team = sectionTeam(capabilities);
  const buffers = boundForReading([...gradientInputs(call, layout.access), written(SECTIONS)], operands);
  const kernel = { ...call, layout, team, buffers };
  const key = `gradient-sections:${tileKey(kernel)},${gamma},${squares}:${bufferKey(buffers)}`;
  const shader = shaderOf(key, () => sumsCode(kernel));
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: count * sections,
    uniforms: { highestPlain: HIGHEST_OF_SECTION },
  });
}

function sumsCode(kernel: SectionKernel): string {
  const { problem, layout, team, gamma, squares } = kernel;
  const { access } = layout;
  return wgsl`
    ${preamble(kernel)}
    ${widen(problem)}
    ${loadElements('x', 'x', problem.dtype, access)}
    ${loadElements('dy', 'dy', problem.dtype, access)}
    ${gamma && loadWeights('gamma', layout.weights, access)}
    fn norm_input_for_sum(place: Place) -> Elements { return load_x(place); }

    ${STATISTIC}
    ${squares && statisticOfSums(problem)}
    ${squares && [SUM_OF_SQUARES, rescaling()]}
    ${TOTAL}
    ${loadWeightedDy(gamma, true)}
    ${PRODUCTS_OF_SECTION}
    ${mainWithoutIdleTeams(
      team,
      wgsl`
        ${squares ? SQUARES_OF_SECTION : 'var result = vec4u();'}
        result = add_products_of_section(tile, result);
        ${STORE_SECTION}
      `,
    )}
  `;
}

/** Of every row the statistic and the mean, from its sections: an invocation for each. */
export function statisticsFromSections(call: GradientCall, layout: TileLayout): LaunchOf {
  const { operands, capabilities, squares, rstdGiven } = call;
  const team = rowTeam(1, capabilities);
  const buffers = boundForReading([SECTIONS, ...(rstdGiven ? [reads('rstd')] : []), written(ROW_STATISTICS)], operands);
  // Nothing of it depends on the dtype.
  const problem = { ...call.problem, toFloat16: 'bits' as const };
  const kernel = { ...call, problem, layout, team, buffers };
  const key = `gradient-combined:${tileKey(kernel)},${squares}:${bufferKey(buffers)}`;
  const shader = shaderOf(key, () => statisticsCode(kernel));
  return ({ count }) => ({ shader, buffers, workgroups: Math.ceil(count / team.teams) });
}

function statisticsCode(kernel: SectionKernel): string {
  const { problem, layout, team, squares, rstdGiven } = kernel;
  return wgsl`
    ${preamble(kernel)}
    ${STATISTIC}
    ${squares && statisticOfSums(problem, { slope: true })}
    ${rstdGiven && STATISTIC_OF_RSTD}
    ${squares && statisticOfSections({ slope: true })}
    ${MEAN_OF_SECTIONS}
    ${rstdGiven && loadRowValues('rstd', layout)}
    ${storeStatistics(layout)}
    ${GRADIENT_MEAN}
    ${mainWithoutIdleTeams(
      team,
      wgsl`
        ${squares && 'let all = statistic_of_sections(tile);'}
        let s = ${rstdGiven ? 'statistic_of_rstd(load_rstd(tile))' : 'all.statistic'};
        let slope_factor = ${squares ? 'all.slope_factor' : '1.0'};
        store_statistics(tile, s, gradient_mean(mean_of_sections(tile, s), slope_factor, s));
      `,
    )}
  `;
}
