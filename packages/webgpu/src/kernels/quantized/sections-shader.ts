import type { Shader } from '../../plan.ts';
import { bufferKey } from '../wgsl/bindings.ts';
import { affineKey, elementwise, FORWARD, normInput, weighting } from '../wgsl/fusion.ts';
import { mainWithoutIdleTeams, preamble, tileKey } from '../wgsl/preamble.ts';
import { statisticOfSections } from '../wgsl/sections.ts';
import { STATISTIC, statisticOfSums, TIMES_R } from '../wgsl/statistic.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { type QuantizedKernel, quantizing, scaleOf } from './quantize.ts';

/**
 * Rows that are split over workgroups, whose sections have their sums already: a workgroup has a section. Either it finds
 * the section's largest |y|, which goes into `largest_of_sections`; or, once all of these are there, it writes its q.
 */
export interface SectionsQuantizedKernel extends QuantizedKernel {
  readonly finds: 'largest' | 'q';
}

export function sectionsQuantizedShader(kernel: SectionsQuantizedKernel): Shader {
  const { affine, finds, scaleGiven, buffers } = kernel;
  const tile = tileKey(kernel);
  const key = `quantized-sections ${finds}:${tile},${affineKey(affine)},${scaleGiven}:${bufferKey(buffers)}`;
  return shaderOf(key, () => code(kernel));
}

function code(kernel: SectionsQuantizedKernel): string {
  const { problem, layout, team, affine, finds, scaleGiven } = kernel;
  return wgsl`
    ${preamble(kernel)}
    ${elementwise(FORWARD, problem, layout.access)}
    ${normInput(FORWARD, problem, layout.access)}
    ${STATISTIC}
    ${statisticOfSums(problem)}
    ${TIMES_R}
    ${statisticOfSections()}
    ${weighting(affine, layout.weights, layout.access)}
    ${finds === 'q' && quantizing(layout)}
    ${mainWithoutIdleTeams(
      team,
      wgsl`
        let s = statistic_of_sections(tile).statistic;
        ${finds === 'largest' ? FIND_LARGEST : storeSection(scaleGiven)}
      `,
    )}
  `;
}

const FIND_LARGEST = wgsl`
  var largest = 0u;
  for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
    let place = place_at(tile, step);
    let y = weighted(place, times_r(norm_input(place), s));
    largest = max(largest, max_per_row(bitcast<ElementBits>(select(Elements(), y, ELEMENT_OFFSETS < vec4u(place.count))) & ElementBits(MAGNITUDE_BITS)));
  }
  largest = team_max(largest);
  if (member() == 0u) { largest_of_sections[tile_index] = largest; }
`;

function storeSection(scaleGiven: boolean): string {
  return wgsl`
    let first_row = (tile.row / params.groups) * params.groups;
    ${
      scaleGiven
        ? 'let scale = params.given_scale;'
        : wgsl`
            // Of all groups, which have one scale.
            let first_section = first_row * params.sections;
            var largest = 0u;
            for (var i = member(); i < params.groups * params.sections; i += TEAM_WIDTH) { largest = max(largest, largest_of_sections[first_section + i]); }
            largest = team_max(largest);
            let scale = ${scaleOf('largest')};
          `
    }
    for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      store_bytes(place, quantized(weighted(place, times_r(norm_input(place), s)), Elements(scale)));
    }
    if (member() == 0u && tile.section == 0u && tile.row == first_row) {
      var scale_tile = tile;
      scale_tile.row = tile.row / params.groups;
      store_scales(scale_tile, scale);
    }
  `;
}
