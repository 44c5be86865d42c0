import type { Shader } from '../../plan.ts';
import { type Residency, residencyKey } from '../planning/residency.ts';
import {
  type Affine,
  affineKey,
  type BufferOf,
  elementwise,
  type Fusion,
  fusedKey,
  NORM_INPUT_FOR_SUM,
  normInput,
  normInputOfPair,
  weighting,
  writeOutput,
  writeOutputOfPair,
} from '../wgsl/fusion.ts';
import { mainOverTiles, preamble, type TileKernel, tileKey } from '../wgsl/preamble.ts';
import { BY_WORDS } from '../wgsl/row-pairs.ts';
import { storeRowValues } from '../wgsl/row-values.ts';
import { STATISTIC, statisticOfSums, TIMES_R } from '../wgsl/statistic.ts';
import { ADD_BLOCK, CHAIN, rescaling, SUM_OF_SQUARES } from '../wgsl/sums.ts';
import { shaderOf, unrolled, wgsl } from '../wgsl/template.ts';

/** Tiles that are kept in registers from the sum of squares to the result: each element is read once. */
export interface ResidentKernel extends TileKernel {
  readonly residency: Residency;
  readonly fusion: Fusion;
  readonly affine: Affine;
  readonly rstd: boolean;
  readonly bufferOf: BufferOf;
}

export function residentShader(kernel: ResidentKernel): Shader {
  const { residency, fusion, affine, rstd } = kernel;
  const tile = `${tileKey(kernel)},${residencyKey(residency)}`;
  const key = `resident:${fusion.name},${tile},${affineKey(affine)},${rstd ? 'rstd' : ''}:${fusedKey(kernel)}`;
  return shaderOf(key, () => code(kernel));
}

function code(kernel: ResidentKernel): string {
  const { problem, layout, team, residency, fusion, affine, rstd, bufferOf } = kernel;
  const { access } = layout;
  const pairs = layout.kind === 'resident-row-pairs';
  const inPlace = fusion.outputs.some((name) => bufferOf(name) !== name);
  const { readTile, writeTile } = residency.unrolled ? inRegisters(residency, pairs) : inArrays(residency, pairs);
  return wgsl`
    ${preamble(kernel)}
    ${elementwise(fusion, problem, access)}
    ${normInput(fusion, problem, access)}
    ${NORM_INPUT_FOR_SUM}
    ${STATISTIC}
    ${statisticOfSums(problem, { rstd })}
    ${TIMES_R}
    ${SUM_OF_SQUARES}
    ${rescaling({ rstd })}
    ${rstd && storeRowValues('rstd', layout)}
    ${pairs && ['var<private> second_row_feature: u32; // of its first element', BY_WORDS, normInputOfPair(fusion)]}
    ${weighting(affine, pairs ? 'words-of-pair' : layout.weights, access)}
    ${pairs ? writeOutputOfPair(fusion, bufferOf) : writeOutput(fusion, problem, access, bufferOf)}

    fn write_rescaled_tile(tile: Tile, s: Statistic) {
      for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
        let place = place_at(tile, step);
        let input = ${pairs ? 'norm_input_by_words' : 'norm_input'}(place);
        write_output(place, input, times_scaled_r(input, ${pairs ? 'statistic_by_words(place, s)' : 's'}));
      }
    }

    ${mainOverTiles(
      team,
      wgsl`
        ${pairs && 'second_row_feature = first_feature(tile.row + 1u);'}
        // Each element is read once: into registers, and its square into the sum.
        ${readTile}
        ${
          pairs &&
          inPlace &&
          wgsl`
            // Neighbours read some of each other's words: before any is written in place.
            storageBarrier();
          `
        }

        let sum = team_sum(sum_per_row(squares));
        if (team_any(!is_plain(sum))) {
          let result = rescaled(tile, sum);
          if (!has_tile) { return; }
          write_rescaled_tile(tile, result.statistic);
          ${rstd && 'if (member() == 0u) { store_rstd(tile, result.rstd); }'}
        } else {
          if (!has_tile) { return; }
          let r = plain_r(sum);
          ${writeTile}
          ${rstd && 'if (member() == 0u) { store_rstd(tile, plain_rstd(sum)); }'}
        }
      `,
    )}
  `;
}

/** `readTile` reads the elements and leaves `squares`, the sum of their squares; `writeTile` writes them times `r`. */
interface Resident {
  readonly readTile: string;
  readonly writeTile: string;
}

function inRegisters({ steps, certain }: Residency, pairs: boolean): Resident {
  const guarded = (i: number, statement: string): string =>
    i < certain ? statement : `if (step${i} < steps_of(tile)) { ${statement} }`;
  const addSquare = (sum: string, i: number): string =>
    `{ let v = within_statistic(tile, step${i}, x${i}); ${sum} = fma(v, v, ${sum}); }`;
  const squares =
    steps <= CHAIN
      ? wgsl`
          var squares = Elements();
          ${unrolled(steps, (i) => addSquare('squares', i))}
        `
      : wgsl`
          var high = Elements();
          var low = Elements();
          ${unrolled(
            steps / CHAIN,
            (chain) => wgsl`
              {
                var block = Elements();
                ${unrolled(CHAIN, (i) => addSquare('block', chain * CHAIN + i))}
                ${ADD_BLOCK}
              }
            `,
          )}
          let squares = with_lost(high, low);
        `;
  return {
    readTile: wgsl`
      ${unrolled(steps, (i) => `let step${i} = member() + ${i}u * TEAM_WIDTH;`)}
      ${unrolled(steps, (i) => `var x${i} = Elements(); ${guarded(i, `x${i} = norm_input(place_at(tile, step${i}));`)}`)}
      ${pairs && unrolled(steps, (i) => `var neighbour${i} = 0.0; ${guarded(i, `neighbour${i} = neighbour(place_at(tile, step${i}));`)}`)}
      ${squares}
    `,
    writeTile: unrolled(steps, (i) => guarded(i, written(`step${i}`, `x${i}`, pairs && `neighbour${i}`))),
  };
}

/** Steps in an array, taken CHAIN at a time, as where a row is read in loops; a chain is unrolled, except for row pairs. */
function inArrays({ steps, certain }: Residency, pairs: boolean): Resident {
  const full = certain === steps;
  const chainOfSteps = (statement: (step: string, x: string, neighbour: string) => string): string =>
    pairs
      ? wgsl`
          for (var i = 0u; i < CHAIN; i++) {
            let step = start + i * TEAM_WIDTH;
            if (step < steps_of(tile)) { ${statement('step', 'x[slot + i]', 'neighbours[slot + i]')} }
          }
        `
      : unrolled(CHAIN, (i) => {
          const inner = statement(`(start + ${i}u * TEAM_WIDTH)`, `x[slot + ${i}u]`, '');
          return full ? `{ ${inner} }` : `if (start + ${i}u * TEAM_WIDTH < steps_of(tile)) { ${inner} }`;
        });
  const chains = (...body: string[]): string => wgsl`
    for (var slot = 0u; slot < ${steps}u; slot += CHAIN) {
      let start = member() + slot * TEAM_WIDTH;
      ${!full && 'if (start >= steps_of(tile)) { break; }'}
      ${body}
    }
  `;
  return {
    readTile: wgsl`
      var x: array<Elements, ${steps}>;
      ${pairs && `var neighbours: array<f32, ${steps}>;`}
      var high = Elements();
      var low = Elements();
      ${chains(
        'var block = Elements();',
        chainOfSteps(
          (step, x, neighbour) =>
            `let input = norm_input(place_at(tile, ${step})); ${x} = input;` +
            `${pairs ? ` ${neighbour} = neighbour(place_at(tile, ${step}));` : ''}` +
            ` let v = within_statistic(tile, ${step}, input); block = fma(v, v, block);`,
        ),
        ADD_BLOCK,
      )}
      let squares = with_lost(high, low);
    `,
    writeTile: chains(chainOfSteps((step, x, neighbour) => written(step, x, pairs && neighbour))),
  };
}

/** Writes what is kept of a step. */
function written(step: string, x: string, neighbour: string | false): string {
  if (!neighbour) return `write_output(place_at(tile, ${step}), ${x}, ${x} * r);`;
  return (
    `{ let place = place_at(tile, ${step}); let input = by_words(place, ${x}, ${neighbour}); ` +
    'write_output(place, input, input * row_values_by_words(place, r)); }'
  );
}
