import type { Capabilities, Dispatch, Operands, Plan, Shader } from '../dispatch.ts';
import { AT, bindings, type Declared, declarations, FIRST_FOUR } from './buffers.ts';
import { enableF16 } from './element.ts';
import { type Layout, readingLayoutOf, SECTION, unitsOf, WIDE } from './layout.ts';
import { bytesPerSlab, Normalization, R_BUFFERS, readOnly } from './normalization.ts';
import {
  elementwise,
  FORWARD,
  operationBuffers,
  source,
  type Weights,
  weighting,
  weightsKey,
  weightsOf,
} from './operation.ts';
import { PARAMETERS, parameters } from './parameters.ts';
import { BUILTINS, gridOf, partsOf, rangeIn, WORKGROUP_INDEX } from './parts.ts';
import type { Problem } from './problem.ts';
import { QUANTIZED, quantizedShader, quantizedType } from './quantized-kernel.ts';
import { groupsAtOnce, quantizedLoopShader, quantizedTeam } from './quantized-loop-kernel.ts';
import { residenceOf } from './resident-kernel.ts';
import { SCATTER, SCATTERED, scatteredMain } from './scattered-kernel.ts';
import { SECTION_BYTES } from './sections.ts';
import { statistics } from './statistic.ts';
import { enables, rowTeam, type Team, teamKey, teamwork, workgroupSize } from './team.ts';
import { aliases, lines } from './wgsl.ts';

/**
 * forwardQuantized in one dispatch, of rows that can be held and are all of their (outer, inner), and of others in loops.
 * Of rows that are split over workgroups r of every row; then, unless a scale is given, the scale of each (outer, inner),
 * from the largest |y| over all its groups; then q.
 */
export function planQuantized(
  p: Problem & { readonly scale: number | null },
  operands: Operands,
  capabilities: Capabilities,
): Plan {
  const weights = weightsOf(p, operands.present);
  const layout = readingLayoutOf(p);
  const residence = p.groups === 1 ? residenceOf(layout, p.size, capabilities) : null;
  const wide = p.inner === 1 && p.size >= WIDE;
  const elements = p.size * p.inner;
  const perSlab: Readonly<Record<string, number>> = {
    ...bytesPerSlab(p, ['x'], ['r', 'powers']),
    q: elements,
    scales: (p.inner * 4) / p.groups,
    ...(wide ? { sections: Math.ceil(p.size / SECTION) * SECTION_BYTES } : {}),
  };
  const slabs = p.outer * p.groups;
  const normalization = new Normalization(p, FORWARD, { ...operands, inPlace: {} }, capabilities);
  const parts = partsOf(p, capabilities, perSlab, p.groups);
  const dispatches = parts.flatMap((part): Dispatch[] => {
    const range = rangeIn(perSlab, part, parts.length === 1);
    const uniforms = parameters(p, part, { quantScale: p.scale ?? 0 });
    const dispatch = (shader: Shader, buffers: readonly Declared[], workgroups: number): Dispatch => ({
      shader,
      bindings: bindings(buffers, range),
      uniforms,
      workgroups: gridOf(workgroups, capabilities),
    });
    if (residence) {
      const buffers = heldBuffers(p, weights, layout);
      const shader = quantizedShader({ p, layout, residence, weights, given: p.scale !== null, buffers });
      return [dispatch(shader, buffers, Math.ceil(unitsOf(layout, part.slabs * p.inner) / residence.team.teams))];
    }
    const places = (part.slabs / p.groups) * p.inner;
    if (!wide) {
      const team = quantizedTeam(p, layout, capabilities);
      const given = p.scale !== null;
      const single = p.groups <= groupsAtOnce(layout, team);
      const buffers = [...heldBuffers(p, weights, layout), ...(given || single ? [] : R_BUFFERS)];
      const shader = quantizedLoopShader({ p, layout, team, weights, given, single, buffers });
      const workgroups = layout.kind === 'columns' ? Math.ceil(unitsOf(layout, places) / team.teams) : places;
      return [dispatch(shader, buffers, workgroups)];
    }
    const scales = scaleBuffers(p, weights, p.scale === null);
    const team = rowTeam(64, capabilities);
    const q = quantizeBuffers(p, weights);
    return [
      ...normalization.statistics(part),
      dispatch(scaleShader(p, weights, team, scales), scales, Math.ceil(places / team.teams)),
      dispatch(quantizeShader(p, weights, q), q, Math.ceil((part.slabs * elements) / (4 * SCATTERED))),
    ];
  });
  const used = new Set(dispatches.flatMap(({ bindings }) => bindings.map(({ buffer }) => buffer)));
  const scratch = (['r', 'powers', 'sections'] as const)
    .filter((name) => used.has(name))
    .map((name) => ({ name, bytes: slabs * (perSlab[name] ?? 0) }));
  return { scratch, dispatches };
}

function heldBuffers(p: Problem, weights: Weights, layout: Layout): Declared[] {
  return [
    ...operationBuffers({ ...FORWARD, outputs: [] }, weights, p, layout.access),
    { name: 'scales', type: 'array<f32>', write: true },
    { name: 'q', type: quantizedType(layout), write: true },
  ];
}

function scaleBuffers(p: Problem, weights: Weights, computed: boolean): Declared[] {
  const scales: Declared = { name: 'scales', type: 'array<f32>', write: true };
  if (!computed) return [scales];
  return [...operationBuffers({ ...FORWARD, outputs: [] }, weights, p, 'one'), ...readOnly(R_BUFFERS), scales];
}

function scaleShader(
  p: Problem & { readonly scale: number | null },
  weights: Weights,
  team: Team,
  buffers: readonly Declared[],
): Shader {
  const given = p.scale !== null;
  return {
    key: given ? `scales:${teamKey(team)}` : `scales:${p.dtype},${teamKey(team)},${weightsKey(weights)}`,
    code: () =>
      lines(
        enables(p, team),
        PARAMETERS,
        declarations(buffers),
        AT,
        FIRST_FOUR,
        aliases('V', 'U', 'I', 1),
        aliases('S', 'SU', 'SI', 1),
        'alias SB = bool;',
        teamwork(team, 1),
        !given &&
          lines(
            elementwise(FORWARD, p, 'one'),
            source(FORWARD, p, 'one'),
            statistics({ product: true }),
            weighting(weights, 'splat', 'one'),
          ),
        `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let places = p.rows / p.groups;
  let unit = team(${WORKGROUP_INDEX});
  let place = min(unit, places - 1u);
  let outer = place / p.inner;
  let column = place % p.inner;
  let count = p.groups * p.size;
  var top = 0u;
  ${
    given
      ? 'if (unit < places && lane() == 0u) { scales[place] = p.quant_scale; }'
      : `for (var j = lane(); j < count; j += ${team.width}u) {
    let at = At((outer * count + j) * p.inner + column, 1u, j, 0u);
    let row = (outer * p.groups + j / p.size) * p.inner + column;
    let y = weighted(at, product(source(at), Statistic(r[row], powers[row])));
    top = max(top, bitcast<u32>(y) & 0x7fffffffu);
  }
  top = team_max(top);
  if (unit < places && lane() == 0u) {
    scales[place] = select(bitcast<f32>(top) * ${1 / 127}, 1.0, top == 0u);
  }`
  }
}`,
      ),
  };
}

function quantizeBuffers(p: Problem, weights: Weights): Declared[] {
  return [
    ...operationBuffers({ ...FORWARD, outputs: [] }, weights, p, 'ragged'),
    ...readOnly(R_BUFFERS),
    { name: 'scales', type: 'array<f32>', write: false },
    { name: 'q', type: 'array<u32>', write: true },
  ];
}

/** One word of four int8 by each invocation; the bytes of a last word that are not ours are kept. */
function quantizeShader(p: Problem, weights: Weights, buffers: readonly Declared[]): Shader {
  return {
    key: `quantize:${p.dtype},${weightsKey(weights)}`,
    code: () =>
      lines(
        enableF16(p),
        PARAMETERS,
        declarations(buffers),
        SCATTER,
        elementwise(FORWARD, p, 'ragged'),
        source(FORWARD, p, 'ragged'),
        statistics({ product: true }),
        weighting(weights, 'four', 'ragged'),
        QUANTIZED,
        scatteredMain(`
  let y = weighted(at, product(source(at), statistic_of_rows(rows(i))));
  let place = (slabs(i) / vec4u(p.groups)) * p.inner + indices(i) % vec4u(p.inner);
  let step = vec4f(scales[place.x], scales[place.y], scales[place.z], scales[place.w]);
  let bytes = quantized(y, step);
  let word = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  let ours = select((1u << (8u * at.n)) - 1u, 0xffffffffu, at.n >= 4u);
  q[i >> 2u] = (word & ours) | (q[i >> 2u] & ~ours);`),
      ),
  };
}
