import { withOffset } from '../wgsl/access.ts';

/** `weighted_gradient(at)`: g = dy * w; where it is `bounded` 0 beyond the row's end, whatever stands there in gamma. */
export function weightedGradient(gamma: boolean, bounded: boolean): string {
  return `
fn weighted_gradient(at: At) -> V {
  let g = load_dy(at)${gamma ? ` * ${withOffset('load_gamma(at)')}` : ''};
  return ${bounded ? 'select(V(), g, FIRST_FOUR < vec4u(at.n))' : 'g'};
}`;
}
