import type { FloatDType } from '@rmsnorm/core';
import { unreachable } from '../../unreachable.ts';
import { type Access, COMPONENTS, type WeightAccess } from '../planning/access.ts';
import { is16Bit } from '../problem.ts';
import { wgsl } from './template.ts';
import { componentOf, vector } from './vectors.ts';

/** `load_NAME(place)`: elements as numbers, zeros beyond the last. */
export function loadElements(name: string, buffer: string, dtype: FloatDType, access: Access): string {
  return wgsl`
    fn load_${name}(place: Place) -> Elements {
      ${is16Bit(dtype) ? load16Bit(buffer, access) : loadFloat32(buffer, access)}
    }
  `;
}

function loadFloat32(x: string, access: Access): string {
  switch (access) {
    case 'quad':
      return `return ${x}[place.index >> 2u];`;
    case 'ragged':
      return `return select(Elements(), ${vector('Elements', 4, (i) => `${x}[place.index${i ? ` + ${i}u` : ''}]`)}, ELEMENT_OFFSETS < vec4u(place.count));`;
    case 'one':
      return `return ${x}[place.index];`;
    case 'unaligned':
    case 'word':
    case 'feature-of-pair':
    case 'features-of-pair':
      throw notFor('32', access);
    default:
      return unreachable(access);
  }
}

function load16Bit(x: string, access: Access): string {
  const element = (index: string): string => `widen(${x}[(${index}) >> 1u])[(${index}) & 1u]`;
  switch (access) {
    case 'quad':
      return wgsl`
        let words = ${x}[place.index >> 2u];
        return Elements(widen(words.x), widen(words.y));
      `;
    case 'ragged':
      return `return select(Elements(), Elements(widen(${x}[place.index >> 1u]), widen(${x}[(place.index >> 1u) + 1u])), ELEMENT_OFFSETS < vec4u(place.count));`;
    case 'unaligned':
      return `return select(Elements(), ${vector('Elements', 4, (i) => element(`place.index + ${i}u`))}, ELEMENT_OFFSETS < vec4u(place.count));`;
    case 'word':
      return wgsl`
        let pair = widen(${x}[place.index >> 1u]);
        return Elements(pair.x, select(0.0, pair.y, place.count > 1u));
      `;
    case 'one':
      return `return ${element('place.index')};`;
    case 'feature-of-pair':
      return `return Elements(${element('place.index')}, select(0.0, ${element('place.index + params.size')}, place.count > 1u));`;
    case 'features-of-pair':
      return wgsl`
        let first = widen(${x}[place.index >> 1u]);
        let word = (place.index + params.size) >> 1u;
        return select(Elements(), Elements(first.x, widen(${x}[word]).y, first.y, widen(${x}[word + 1u]).x), present_in_pair(place));
      `;
    default:
      return unreachable(access);
  }
}

/** `store_NAME(place, v)`. */
export function storeElements(name: string, buffer: string, dtype: FloatDType, access: Access): string {
  return wgsl`
    fn store_${name}(place: Place, v: Elements) {
      ${is16Bit(dtype) ? store16Bit(buffer, access) : storeFloat32(buffer, access)}
    }
  `;
}

function storeFloat32(y: string, access: Access): string {
  switch (access) {
    case 'quad':
      return `${y}[place.index >> 2u] = v;`;
    case 'ragged':
      return wgsl`
        ${y}[place.index] = v.x;
        if (place.count > 1u) { ${y}[place.index + 1u] = v.y; }
        if (place.count > 2u) { ${y}[place.index + 2u] = v.z; }
        if (place.count > 3u) { ${y}[place.index + 3u] = v.w; }
      `;
    case 'one':
      return `${y}[place.index] = v;`;
    case 'unaligned':
    case 'word':
    case 'feature-of-pair':
    case 'features-of-pair':
      throw notFor('32', access);
    default:
      return unreachable(access);
  }
}

function store16Bit(y: string, access: Access): string {
  // Where there is no second element its half of the word is another row's, or nobody's: it stays as it is.
  const storeWord = (word: string, low: string, high: string, least: number): string =>
    `${y}[${word}] = bits16.${low} | select(${y}[${word}] & 0xffff0000u, bits16.${high} << 16u, place.count > ${least}u);`;
  switch (access) {
    case 'quad':
      return wgsl`
        let bits16 = narrow(v);
        ${y}[place.index >> 2u] = bits16.xz | (bits16.yw << vec2u(16u));
      `;
    case 'ragged':
      return wgsl`
        let bits16 = narrow(v);
        let word = place.index >> 1u;
        ${storeWord('word', 'x', 'y', 1)}
        if (place.count > 2u) { ${storeWord('word + 1u', 'z', 'w', 3)} }
      `;
    case 'word':
      return wgsl`
        let bits16 = narrow(v);
        let word = place.index >> 1u;
        ${storeWord('word', 'x', 'y', 1)}
      `;
    case 'one':
    case 'unaligned':
    case 'feature-of-pair':
    case 'features-of-pair':
      throw notFor('16', access);
    default:
      return unreachable(access);
  }
}

function notFor(bits: string, access: Access): Error {
  return new Error(`elements of ${bits} bits are not accessed by '${access}'`);
}

/** `load_NAME(place)` for gamma and beta, float32. */
export function loadWeights(name: string, weights: WeightAccess, access: Access): string {
  return wgsl`
    fn load_${name}(place: Place) -> Elements {
      return ${weightsAt(name, weights, access)};
    }
  `;
}

function weightsAt(name: string, weights: WeightAccess, access: Access): string {
  switch (weights) {
    case 'same':
      return `Elements(${name}[place.feature])`;
    case 'consecutive':
      if (access === 'quad') return `${name}[place.feature >> 2u]`;
      return vector('Elements', COMPONENTS[access], (i) => `${name}[place.feature + ${i}u]`);
    case 'two':
      return `Elements(${name}[place.feature], ${name}[place.second_feature])`;
    case 'two-of-pair':
      return `Elements(${name}[place.feature], ${name}[place.second_feature], ${name}[place.feature + 1u], ${name}[place.second_feature + 1u])`;
    case 'words-of-pair':
      return `Elements(${name}[place.feature], ${name}[select(place.feature + 1u, second_row_feature, at_row_end(place))], ${name}[place.second_feature + 1u], ${name}[place.second_feature + 2u])`;
    case 'any':
      return vector('Elements', 4, (i) => `${name}[${componentOf('features_of(place.index)', 4, i)}]`);
    default:
      return unreachable(weights);
  }
}

/** weightOffset + gamma; the offset is two float32. */
export function withOffset(gamma: string): string {
  return `((${gamma} + params.weight_offset) + params.weight_offset_low)`;
}
