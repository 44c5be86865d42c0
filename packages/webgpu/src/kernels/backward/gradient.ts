import type { Capabilities, Operands } from '../../plan.ts';
import type { Access } from '../planning/access.ts';
import type { TileLayout } from '../planning/layout.ts';
import type { BytesPerSlab } from '../planning/slabs.ts';
import type { KernelProblem } from '../problem.ts';
import { bytesPerSlab } from '../slab-plan.ts';
import { elementArray, reads, type ShaderBuffer, weightArray, writes } from '../wgsl/bindings.ts';
import { withOffset } from '../wgsl/load-store.ts';
import type { Uniforms } from '../wgsl/parameters.ts';
import { eachRow } from '../wgsl/row-values.ts';
import { slopeNeedsSum } from '../wgsl/statistic.ts';
import { wgsl } from '../wgsl/template.ts';

/** What all kernels of a call of backward are made from. */
export interface GradientCall {
  readonly problem: KernelProblem;
  readonly operands: Operands;
  readonly capabilities: Capabilities;
  readonly gamma: boolean;
  readonly rstdGiven: boolean;
  /** Whether squares have to be summed up: for rstd, or for the slope of rstd. */
  readonly squares: boolean;
  readonly dsum: boolean;
  readonly dgamma: boolean;
  readonly dbeta: boolean;
  /** The buffer in which dx lies: its own, or an input's. */
  readonly dxBuffer: string;
}

export function gradientCall(problem: KernelProblem, operands: Operands, capabilities: Capabilities): GradientCall {
  const { present, inPlace } = operands;
  const rstdGiven = present.has('rstd');
  return {
    problem,
    operands,
    capabilities,
    gamma: present.has('gamma'),
    rstdGiven,
    squares: !rstdGiven || slopeNeedsSum(problem),
    dsum: present.has('dsum'),
    dgamma: present.has('dgamma'),
    dbeta: present.has('dbeta'),
    dxBuffer: inPlace.dx ?? 'dx',
  };
}

/** These kernels work with rstd; alpha is multiplied in at the end (scaledAndAdded). */
export const GRADIENT_UNIFORMS: Uniforms = { alphaApart: true };

export function gradientBytes(problem: KernelProblem): BytesPerSlab {
  return bytesPerSlab(problem, ['x', 'dy', 'dsum', 'dx'], ['rstd']);
}

/** x and dy, and gamma where there is one. */
export function gradientInputs({ problem, gamma }: GradientCall, access: Access): ShaderBuffer[] {
  const type = elementArray(problem.dtype, access);
  return [reads('x', type), reads('dy', type), ...(gamma ? [reads('gamma', weightArray(access, problem.inner))] : [])];
}

/** The tensors laid out as x, dx among them; then gamma. */
export function gradientBuffers({ problem, gamma, dsum }: GradientCall, access: Access): ShaderBuffer[] {
  const type = elementArray(problem.dtype, access);
  return [
    reads('x', type),
    reads('dy', type),
    ...(dsum ? [reads('dsum', type)] : []),
    writes('dx', type),
    ...(gamma ? [reads('gamma', weightArray(access, problem.inner))] : []),
  ];
}

/**
 * What is kept of every row between two dispatches: r and exponent of its Statistic, and the mean of g n; as u32, since the
 * exponent is an i32.
 */
export const ROW_STATISTICS: ShaderBuffer = reads('statistics', 'array<vec4u>');

/** Bytes of a row's. */
export const ROW_STATISTICS_BYTES = 16;

/** `store_statistics(tile, s, mean)`, for each row. */
export function storeStatistics(layout: TileLayout): string {
  return wgsl`
    fn store_statistics(tile: Tile, s: Statistic, mean: RowValues) {
      ${eachRow(
        layout,
        (row, component) =>
          `statistics[${row}] = vec4u(bitcast<u32>(s.r${component}), bitcast<u32>(s.exponent${component}), bitcast<u32>(mean${component}), 0u);`,
      )}
    }
  `;
}

/** `load_weighted_dy(place)`: g = dy * w; 0 beyond the row's end, whatever stands there in gamma, where `bounded`. */
export function loadWeightedDy(gamma: boolean, bounded: boolean): string {
  return wgsl`
    fn load_weighted_dy(place: Place) -> Elements {
      let g = load_dy(place)${gamma ? ` * ${withOffset('load_gamma(place)')}` : ''};
      return ${bounded ? 'select(Elements(), g, ELEMENT_OFFSETS < vec4u(place.count))' : 'g'};
    }
  `;
}

/**
 * From one member's sum of `squares`: `slope_factor`, and the statistic `s`, unless rstd is given. `special` is set where the
 * tile is not plain.
 */
export function gradientStatistic(squares: string, rstdGiven: boolean, special = ''): string {
  return wgsl`
    let sum = team_sum(${squares});
    slope_factor = plain_slope_factor(sum);
    ${!rstdGiven && 's.r = plain_r(sum);'}
    if (team_any(!is_plain(sum))) {
      let result = rescaled(tile, sum);
      slope_factor = result.slope_factor;
      ${!rstdGiven && ['s = result.statistic;', special]}
    }
  `;
}

/** `gradient_mean(mean, slope_factor, s)`: the mean of g n as dx uses it: 0 where r is a constant, or the denominator is 0. */
export const GRADIENT_MEAN: string = wgsl`
  fn gradient_mean(mean: RowValues, slope_factor: RowValues, s: Statistic) -> RowValues {
    return select(mean * slope_factor, RowValues(), (slope_factor == RowValues()) | (s.exponent == RowInts(R_IS_INFINITE)));
  }
`;

/** dx from the gradient before alpha. */
export function scaledAndAdded(gradient: string, dsum: string | false): string {
  return dsum ? `fma(${gradient}, Elements(params.alpha), ${dsum})` : `${gradient} * params.alpha`;
}
