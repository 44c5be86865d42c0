import type { Shader } from '../../plan.ts';
import { type Residency, residencyKey } from '../planning/residency.ts';
import { bufferKey } from '../wgsl/bindings.ts';
import { TOTAL } from '../wgsl/compensated.ts';
import { affineKey } from '../wgsl/fusion.ts';
import { mainOverTiles, tileKey } from '../wgsl/preamble.ts';
import { declareValues, eachStep, sumOverSteps } from '../wgsl/resident-values.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { largestOf, type QuantizedKernel, quantizedPreamble, scaleOf } from './quantize.ts';

/** Rows that are kept in registers from the statistic over the largest |y| to q: x is read once. */
export interface ResidentQuantizedKernel extends QuantizedKernel {
  readonly residency: Residency;
}

export function residentQuantizedShader(kernel: ResidentQuantizedKernel): Shader {
  const { residency, affine, scaleGiven, buffers } = kernel;
  const tile = `${tileKey(kernel)},${residencyKey(residency)}`;
  const key = `quantized:${tile},${affineKey(affine)},${scaleGiven}:${bufferKey(buffers)}`;
  return shaderOf(key, () => code(kernel));
}

function code(kernel: ResidentQuantizedKernel): string {
  const { layout, team, residency, scaleGiven } = kernel;
  return wgsl`
    ${quantizedPreamble(kernel)}
    ${TOTAL}
    ${mainOverTiles(
      team,
      wgsl`
        // y as it is before it is quantized. Until r is known it is x, which it replaces.
        ${declareValues(residency, 'y', 'Elements')}
        ${eachStep(residency, ({ of }) => `${of('y')} = norm_input(place_at(tile, step));`)}
        ${sumOverSteps(
          residency,
          'squares',
          ({ of }, block) => `let v = within_statistic(tile, step, ${of('y')}); ${block} = fma(v, v, ${block});`,
        )}

        let sum = team_sum(sum_per_row(squares));
        var s = Statistic(plain_r(sum), RowInts());
        var special = false;
        if (team_any(!is_plain(sum))) {
          s = rescaled(tile, sum).statistic;
          special = true;
        }

        var largest = RowBits();
        ${eachStep(
          residency,
          ({ of }) => wgsl`
            var v = ${of('y')} * s.r;
            if (special) { v = times_r(${of('y')}, s); }
            v = weighted(place_at(tile, step), v);
            ${of('y')} = v;
            ${!scaleGiven && `largest = max(largest, ${largestOf('v', 'place_at(tile, step)', layout)});`}
          `,
        )}
        ${!scaleGiven && 'largest = team_max(largest);'}
        let scale = ${scaleGiven ? 'RowValues(params.given_scale)' : scaleOf('largest')};

        if (!has_tile) { return; }
        if (member() == 0u) { store_scales(tile, scale); }
        ${eachStep(residency, ({ of }) => `store_bytes(place_at(tile, step), quantized(${of('y')}, Elements(scale)));`)}
      `,
    )}
  `;
}
