import type { Shader } from '../../plan.ts';
import { unreachable } from '../../unreachable.ts';
import { bufferKey } from '../wgsl/bindings.ts';
import {
  type Affine,
  affineKey,
  type BufferOf,
  elementwise,
  type Fusion,
  fusedKey,
  NORM_INPUT_FOR_SUM,
  normInput,
  weighting,
  writeOutput,
} from '../wgsl/fusion.ts';
import { mainOverTiles, preamble, type TileKernel, tileKey } from '../wgsl/preamble.ts';
import { loadRowValues, storeRowValues } from '../wgsl/row-values.ts';
import { SQUARES_OF_SECTION, STORE_SECTION, statisticOfSections, VALUE_OF_SECTIONS } from '../wgsl/sections.ts';
import { STATISTIC, statisticOfSums, TIMES_R } from '../wgsl/statistic.ts';
import { rescaling, STATISTIC_OF_SUM, SUM_OF_SQUARES } from '../wgsl/sums.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';

/**
 * What a dispatch has the statistic from, and what it writes. `elements`: a loop over x sums up squares; `sums`: they are
 * given; `sections`: those of a row's sections are. `y`: a loop over x writes the result; `r`: for a dispatch that writes the
 * result; `sums`: of squares; `section`: the sum of squares of a section.
 */
export type Pass =
  | { readonly from: 'elements'; readonly to: 'y' | 'r' | 'sums' | 'section' }
  | { readonly from: 'sums'; readonly to: 'y' | 'r' }
  | { readonly from: 'sections'; readonly to: 'y' | 'r' | 'sums' };

/** A kernel that reads its tiles in loops: once for the statistic, once for the result. */
export interface LoopKernel extends TileKernel {
  readonly fusion: Fusion;
  readonly affine: Affine;
  readonly rstd: boolean;
  readonly pass: Pass;
  readonly bufferOf: BufferOf;
}

export function loopShader(kernel: LoopKernel): Shader {
  const { fusion, affine, rstd, pass } = kernel;
  const tile = tileKey(kernel);
  const what = `loop ${pass.from} to ${pass.to}:${fusion.name}`;
  const buffers = pass.to === 'y' ? fusedKey(kernel) : bufferKey(kernel.buffers);
  const key = `${what},${tile},${affineKey(affine)},${rstd ? 'rstd' : ''}:${buffers}`;
  return shaderOf(key, () => code(kernel));
}

function code(kernel: LoopKernel): string {
  const { problem, layout, team, fusion, affine, rstd, pass, bufferOf } = kernel;
  const { access, sumAccess } = layout;
  const sums = pass.from === 'elements';
  const writes = pass.to === 'y';
  return wgsl`
    ${preamble(kernel)}
    ${(sums || writes) && [elementwise(fusion, problem, access), normInput(fusion, problem, access)]}
    ${sums && (sumAccess === access ? NORM_INPUT_FOR_SUM : normInput(fusion, problem, sumAccess, '_for_sum'))}
    ${STATISTIC}
    ${statisticOfSums(problem, { rstd })}
    ${writes && TIMES_R}
    ${sums && SUM_OF_SQUARES}
    ${sums && pass.to !== 'sums' && rescaling({ rstd })}
    ${pass.from === 'sums' && [STATISTIC_OF_SUM, loadRowValues('sums', layout)]}
    ${pass.from === 'sections' && (pass.to === 'sums' ? VALUE_OF_SECTIONS : statisticOfSections({ rstd }))}
    ${pass.to === 'sums' && storeRowValues('sums', layout)}
    ${pass.to === 'r' && [storeRowValues('r', layout), storeRowValues('exponents', layout, 'RowInts')]}
    ${rstd && storeRowValues('rstd', layout)}
    ${writes && [weighting(affine, layout.weights, access), writeOutput(fusion, problem, access, bufferOf), WRITE_TILE]}
    ${mainOverTiles(team, body(pass, rstd))}
  `;
}

const WRITE_TILE = wgsl`
  fn write_tile(tile: Tile, s: Statistic) {
    for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      let input = norm_input(place);
      write_output(place, input, times_r(input, statistic_for(tile, step, s)));
    }
  }

  fn write_plain_tile(tile: Tile, s: Statistic) {
    for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      let input = norm_input(place);
      write_output(place, input, input * statistic_for(tile, step, s).r);
    }
  }
`;

function body(pass: Pass, rstd: boolean): string {
  switch (pass.from) {
    case 'elements':
      return fromElements(pass.to, rstd);
    case 'sums':
      return fromSums(pass.to);
    case 'sections':
      return fromSections(pass.to, rstd);
    default:
      return unreachable(pass);
  }
}

const STORE_STATISTIC = 'if (has_tile && member() == 0u) { store_r(tile, s.r); store_exponents(tile, s.exponent); }';
const STORE_RSTD = 'if (has_tile && member() == 0u) { store_rstd(tile, rstd_value); }';

function fromElements(to: 'y' | 'r' | 'sums' | 'section', rstd: boolean): string {
  switch (to) {
    case 'y':
      return wgsl`
        let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
        if (team_any(!is_plain(sum))) {
          let result = rescaled(tile, sum);
          if (!has_tile) { return; }
          write_tile(tile, result.statistic);
          ${rstd && 'if (member() == 0u) { store_rstd(tile, result.rstd); }'}
        } else {
          if (!has_tile) { return; }
          write_plain_tile(tile, Statistic(plain_r(sum), RowInts(0)));
          ${rstd && 'if (member() == 0u) { store_rstd(tile, plain_rstd(sum)); }'}
        }
      `;
    case 'r':
      return wgsl`
        let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
        var s = Statistic(plain_r(sum), RowInts(0));
        ${rstd && 'var rstd_value = plain_rstd(sum);'}
        if (team_any(!is_plain(sum))) {
          let result = rescaled(tile, sum);
          s = result.statistic;
          ${rstd && 'rstd_value = result.rstd;'}
        }
        ${STORE_STATISTIC}
        ${rstd && STORE_RSTD}
      `;
    case 'sums':
      return wgsl`
        let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
        if (has_tile && member() == 0u) { store_sums(tile, sum); }
      `;
    case 'section':
      return wgsl`
        ${SQUARES_OF_SECTION}
        ${STORE_SECTION}
      `;
    default:
      return unreachable(to);
  }
}

function fromSums(to: 'y' | 'r'): string {
  switch (to) {
    case 'y':
      return 'if (has_tile) { write_tile(tile, statistic_of_sum(load_sums(tile))); }';
    case 'r':
      return wgsl`
        let s = statistic_of_sum(load_sums(tile));
        ${STORE_STATISTIC}
      `;
    default:
      return unreachable(to);
  }
}

function fromSections(to: 'y' | 'r' | 'sums', rstd: boolean): string {
  switch (to) {
    case 'y':
      return wgsl`
        let result = statistic_of_sections(tile);
        write_tile(tile, result.statistic);
        ${rstd && 'if (member() == 0u && tile.section == 0u) { store_rstd(tile, result.rstd); }'}
      `;
    case 'r':
      return wgsl`
        let result = statistic_of_sections(tile);
        let s = result.statistic;
        ${rstd && 'let rstd_value = result.rstd;'}
        ${STORE_STATISTIC}
        ${rstd && STORE_RSTD}
      `;
    case 'sums':
      return 'if (has_tile) { store_sums(tile, value_of_sections(tile)); }';
    default:
      return unreachable(to);
  }
}
