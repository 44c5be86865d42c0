import { COMPONENTS } from '../planning/access.ts';
import { readingLayoutOf, tilesOf } from '../planning/layout.ts';
import { gradientResidencyOf } from '../planning/residency.ts';
import { loopTeam } from '../planning/team.ts';
import type { LaunchOf } from '../slab-plan.ts';
import { boundForReading, bufferKey, reads, written } from '../wgsl/bindings.ts';
import { TOTAL } from '../wgsl/compensated.ts';
import { widen } from '../wgsl/float16.ts';
import { loadElements, loadWeights } from '../wgsl/load-store.ts';
import { mainOverTiles, preamble, type TileKernel, tileKey } from '../wgsl/preamble.ts';
import { loadRowValues } from '../wgsl/row-values.ts';
import { STATISTIC, STATISTIC_OF_RSTD, statisticOfSums, TIMES_R } from '../wgsl/statistic.ts';
import { rescaling, SUM_OF_SQUARES } from '../wgsl/sums.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import {
  GRADIENT_MEAN,
  type GradientCall,
  gradientInputs,
  gradientStatistic,
  loadWeightedDy,
  ROW_STATISTICS,
  storeStatistics,
} from './gradient.ts';

type StatisticsKernel = TileKernel & Pick<GradientCall, 'gamma' | 'squares' | 'rstdGiven'>;

/** Of every row r and the mean of g n, from its elements in loops. */
export function statisticsFromElements(call: GradientCall): LaunchOf {
  const { problem, operands, capabilities, gamma, squares, rstdGiven } = call;
  const layout = readingLayoutOf(problem);
  // Columns as where they are kept in registers, for the order of additions is the same: some of 16 bits share words.
  const resident = layout.kind === 'columns' ? gradientResidencyOf(layout, problem, capabilities) : null;
  const team = resident?.team ?? loopTeam(layout, problem, capabilities);
  const given = rstdGiven ? [reads('rstd')] : [];
  const buffers = boundForReading(
    [...gradientInputs(call, layout.access), ...given, written(ROW_STATISTICS)],
    operands,
  );
  const kernel = { ...call, layout, team, buffers };
  const key = `gradient-statistics:${tileKey(kernel)},${gamma},${rstdGiven},${squares}:${bufferKey(buffers)}`;
  const shader = shaderOf(key, () => code(kernel));
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: Math.ceil(tilesOf(layout, count * problem.inner) / team.teams),
  });
}

function code(kernel: StatisticsKernel): string {
  const { problem, layout, team, gamma, squares, rstdGiven } = kernel;
  const { access, sumAccess, weights } = layout;
  return wgsl`
    ${preamble(kernel)}
    ${widen(problem)}
    ${loadElements('x', 'x', problem.dtype, sumAccess)}
    ${loadElements('dy', 'dy', problem.dtype, sumAccess)}
    ${gamma && loadWeights('gamma', weights, access)}
    fn norm_input_for_sum(place: Place) -> Elements { return load_x(place); }

    ${STATISTIC}
    ${squares && statisticOfSums(problem, { slope: true })}
    ${rstdGiven && STATISTIC_OF_RSTD}
    ${TIMES_R}
    ${squares && [SUM_OF_SQUARES, rescaling({ slope: true })]}
    ${rstdGiven && loadRowValues('rstd', layout)}
    ${storeStatistics(layout)}
    ${GRADIENT_MEAN}
    ${TOTAL}
    ${loadWeightedDy(gamma, COMPONENTS[access] === 4 && weights === 'consecutive')}

${SUM_OF_PRODUCTS}
        ${mainOverTiles(
          team,
          wgsl`
        var s = ${rstdGiven ? 'statistic_of_rstd(load_rstd(tile))' : 'Statistic(RowValues(), RowInts())'};
        var slope_factor = RowValues(1.0);
        ${squares && gradientStatistic('sum_of_squares(tile, RowValues(1.0))', rstdGiven)}

        let mean = team_sum(sum_of_products(tile, s)) * params.reciprocal_count;
        if (has_tile && member() == 0u) {
          store_statistics(tile, s, gradient_mean(mean, slope_factor, s));
        }
      `,
        )}
  `;
}

const SUM_OF_PRODUCTS = wgsl`
  // One member's part, in the order of where columns are kept in registers.
  fn sum_of_products(tile: Tile, s: Statistic) -> RowValues {
    var total = Total();
    for (var start = member(); start < steps_of(tile); start += CHAIN * TEAM_WIDTH) {
      var block = Elements();
      for (var step = start; step < min(start + CHAIN * TEAM_WIDTH, steps_of(tile)); step += TEAM_WIDTH) {
        let place = place_at(tile, step);
        block = fma(load_weighted_dy(place), times_r(load_x(place), s), block);
      }
      total = add(total, block);
    }
    return sum_per_row(value_of_total(total));
  }
`;
