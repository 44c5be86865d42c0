import { type Access, COMPONENTS } from '../planning/access.ts';
import type { TileLayout } from '../planning/layout.ts';
import { type Affine, elementwise, FORWARD, NORM_INPUT_FOR_SUM, normInput, weighting } from '../wgsl/fusion.ts';
import { preamble, type TileKernel } from '../wgsl/preamble.ts';
import { storeRowValues } from '../wgsl/row-values.ts';
import { STATISTIC, statisticOfSums, TIMES_R } from '../wgsl/statistic.ts';
import { rescaling, SUM_OF_SQUARES } from '../wgsl/sums.ts';
import { wgsl } from '../wgsl/template.ts';

/** What the kernels of forwardQuantized have in common. */
export interface QuantizedKernel extends TileKernel {
  readonly affine: Affine;
  /** Whether the scale is given: then the largest |y| is not looked for. */
  readonly scaleGiven: boolean;
}

/** The type of q: words, or, where rows share these, words whose bytes are set one by one. */
export function quantizedArray({ access }: TileLayout): string {
  return access === 'quad' ? 'array<u32>' : 'array<atomic<u32>>';
}

/** What kernels of whole rows begin with: a row is read, its squares are summed, y is weighted and quantized. */
export function quantizedPreamble(kernel: QuantizedKernel): string {
  const { problem, layout, affine } = kernel;
  return wgsl`
    ${preamble(kernel)}
    ${elementwise(FORWARD, problem, layout.access)}
    ${normInput(FORWARD, problem, layout.access)}
    ${NORM_INPUT_FOR_SUM}
    ${STATISTIC}
    ${statisticOfSums(problem)}
    ${TIMES_R}
    ${SUM_OF_SQUARES}
    ${rescaling()}
    ${weighting(affine, layout.weights, layout.access)}
    ${quantizing(layout)}
  `;
}

/** The scale where the largest |y| has these bits. */
export function scaleOf(largest: string): string {
  return `select(bitcast<RowValues>(${largest}) * ${1 / 127}, RowValues(1.0), ${largest} == RowBits())`;
}

/** The bits of the largest magnitude of y, for each row; elements beyond the row may be anything. */
export function largestOf(y: string, place: string, { access }: TileLayout): string {
  const ragged = access === 'ragged' || access === 'unaligned';
  const present = ragged ? `select(Elements(), ${y}, ELEMENT_OFFSETS < vec4u(${place}.count))` : y;
  return `max_per_row(bitcast<ElementBits>(${present}) & ElementBits(MAGNITUDE_BITS))`;
}

/** `store_scales(tile, scale)`, `quantized(y, scale)`, `store_bytes(place, bytes)`. */
export function quantizing(layout: TileLayout): string {
  return wgsl`
    ${storeRowValues('scales', layout)}

    // The bytes of clamp(roundHalfEven(y / scale), -127, 127); 0 of a NaN.
    fn quantized(y: Elements, scale: Elements) -> ElementBits {
      // Division may err by 2.5 ulp: what is left over is divided once more.
      let quotient = y / scale;
      let exact = quotient + fma(-quotient, scale, y) / scale;
      let finite = (bitcast<ElementBits>(exact) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
      let nearest = round(clamp(select(quotient, exact, finite), Elements(-127.0), Elements(127.0)));
      let nan = (bitcast<ElementBits>(quotient) & ElementBits(0x7fffffffu)) > ElementBits(0x7f800000u);
      return bitcast<ElementBits>(ElementInts(select(nearest, Elements(), nan))) & ElementBits(255u);
    }

    ${storeBytes(layout.access)}
  `;
}

/** `store_bytes(place, bytes)`: the neighbours' bytes of a word that is shared stay as they are. */
function storeBytes(access: Access): string {
  const word = {
    1: 'bytes',
    2: 'bytes.x | (bytes.y << 8u)',
    4: 'bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u)',
  }[COMPONENTS[access]];
  if (access === 'quad') {
    return `fn store_bytes(place: Place, bytes: ElementBits) { q[place.index >> 2u] = ${word}; }`;
  }
  return wgsl`
    fn store_bytes_of_word(word: u32, mask: u32, bits: u32) {
      atomicAnd(&q[word], ~mask);
      atomicOr(&q[word], bits & mask);
    }

    fn store_bytes(place: Place, bytes: ElementBits) {
      let word = ${word};
      let mask = 0xffffffffu >> (8u * (4u - min(place.count, ${COMPONENTS[access]}u)));
      let shift = 8u * (place.index & 3u);
      store_bytes_of_word(place.index >> 2u, mask << shift, word << shift);
      if (shift > 0u && (mask >> (32u - shift)) != 0u) {
        store_bytes_of_word((place.index >> 2u) + 1u, mask >> (32u - shift), word >> (32u - shift));
      }
    }
  `;
}
