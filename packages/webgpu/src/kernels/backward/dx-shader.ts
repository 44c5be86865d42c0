import { elementwisePreamble, elementwiseWorkgroups, mainOverElements } from '../forward/elementwise-shader.ts';
import type { LaunchOf } from '../slab-plan.ts';
import { bound, bufferKey, type ShaderBuffer } from '../wgsl/bindings.ts';
import { conversions } from '../wgsl/float16.ts';
import { loadElements, loadWeights, storeElements, withOffset } from '../wgsl/load-store.ts';
import { STATISTIC, TIMES_R } from '../wgsl/statistic.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { type GradientCall, gradientBuffers, ROW_STATISTICS, scaledAndAdded } from './gradient.ts';

/** dx, where r and the mean of every row are there: four elements in a row of memory, of whichever rows they are. */
export function dxByElements(call: GradientCall): LaunchOf {
  const { problem, operands, gamma, dsum, dxBuffer } = call;
  const buffers = bound([...gradientBuffers(call, 'ragged'), ROW_STATISTICS], operands);
  const key = `dx:${problem.dtype},${gamma},${dsum},${dxBuffer}:${bufferKey(buffers)}`;
  const shader = shaderOf(key, () => code(call, buffers));
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: elementwiseWorkgroups(count * problem.size * problem.inner),
  });
}

function code({ problem, gamma, dsum, dxBuffer }: GradientCall, buffers: readonly ShaderBuffer[]): string {
  const { dtype } = problem;
  return wgsl`
    ${elementwisePreamble(problem, buffers)}
    ${conversions(problem, 4)}
    ${loadElements('x', 'x', dtype, 'ragged')}
    ${loadElements('dy', 'dy', dtype, 'ragged')}
    ${dsum && loadElements('dsum', 'dsum', dtype, 'ragged')}
    ${storeElements('dx', dxBuffer, dtype, 'ragged')}
    ${gamma && loadWeights('gamma', 'any', 'ragged')}
    ${STATISTIC}
    ${TIMES_R}
    ${mainOverElements(wgsl`
      let row = rows_of(first);
      let a = statistics[row.x];
      let b = statistics[row.y];
      let c = statistics[row.z];
      let d = statistics[row.w];
      let s = Statistic(bitcast<Elements>(vec4u(a.x, b.x, c.x, d.x)), bitcast<ElementInts>(vec4u(a.y, b.y, c.y, d.y)));
      let mean = bitcast<Elements>(vec4u(a.z, b.z, c.z, d.z));
      let g = load_dy(place)${gamma && ` * ${withOffset('load_gamma(place)')}`};
      let less_mean = fma(-times_r(load_x(place), s), mean, g);
      // At a zero denominator the mean is 0, and n may be infinite.
      let gradient = select(g, less_mean, (features_in_group(first) < vec4u(params.stat_size)) & (s.exponent != RowInts(R_IS_INFINITE)));
      let scaled = times_r(gradient, s);
      store_dx(place, ${scaledAndAdded('scaled', dsum && 'load_dsum(place)')});
    `)}
  `;
}
