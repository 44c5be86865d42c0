import type { Capabilities, Dispatch, Operands, Plan, Shader } from '../../plan.ts';
import { bytesPerSlab, Normalization, R_BUFFERS, sectionsOf, wideTeam } from '../forward/plan.ts';
import { residenceOf } from '../forward/resident-shader.ts';
import { type Layout, readingLayoutOf, sectionsIn, unitsOf } from '../planning/layout.ts';
import { gridOf, partsOf, rangeIn } from '../planning/slabs.ts';
import type { Problem } from '../problem.ts';
import { bindings, type Declared } from '../wgsl/access.ts';
import { FORWARD, operationBuffers, type Weights, weightsOf } from '../wgsl/fusion.ts';
import { parameters } from '../wgsl/parameters.ts';
import { SECTION_BYTES, SECTIONS } from '../wgsl/sections.ts';
import { groupsAtOnce, quantizedLoopShader, quantizedTeam } from './loop-shader.ts';
import { quantizedShader, quantizedType } from './resident-shader.ts';
import { quantizedSectionsShader } from './sections-shader.ts';

/**
 * forwardQuantized in one dispatch, of rows that can be held and are all of their (outer, inner), and of others in loops.
 * Of rows that are split over workgroups the sums of the sections; then, unless a scale is given, the largest |y| of each;
 * then q.
 */
export function planQuantized(
  p: Problem & { readonly scale: number | null },
  operands: Operands,
  capabilities: Capabilities,
): Plan {
  const weights = weightsOf(p, operands.present);
  const layout = readingLayoutOf(p);
  const residence = p.groups === 1 ? residenceOf(layout, p, capabilities) : null;
  const sections = sectionsIn(p);
  const given = p.scale !== null;
  const perSlab: Readonly<Record<string, number>> = {
    ...bytesPerSlab(p, ['x'], ['r', 'powers']),
    q: p.size * p.inner,
    scales: (p.inner * 4) / p.groups,
    ...(sections > 1 && { sections: sections * SECTION_BYTES, tops: sections * 4 }),
  };
  const slabs = p.outer * p.groups;
  const normalization = new Normalization(p, FORWARD, { ...operands, inPlace: {} }, capabilities);
  const parts = partsOf(p, capabilities, perSlab, p.groups);
  const dispatches = parts.flatMap((part): Dispatch[] => {
    const range = rangeIn(perSlab, part, parts.length === 1);
    const uniforms = parameters(p, part, { quantScale: p.scale ?? 0, sections });
    const dispatch = (shader: Shader, buffers: readonly Declared[], workgroups: number): Dispatch => ({
      shader,
      bindings: bindings(buffers, range),
      uniforms,
      workgroups: gridOf(workgroups, capabilities),
    });
    const buffers = [...readBuffers(p, weights, layout), ...writtenBuffers(layout)];
    if (residence) {
      const shader = quantizedShader({ p, layout, residence, weights, given, buffers });
      return [dispatch(shader, buffers, Math.ceil(unitsOf(layout, part.slabs * p.inner) / residence.team.teams))];
    }
    if (sections === 1) {
      const team = quantizedTeam(p, layout, capabilities);
      const single = p.groups <= groupsAtOnce(layout, team);
      const all = [...buffers, ...(given || single ? [] : R_BUFFERS)];
      const shader = quantizedLoopShader({ p, layout, team, weights, given, single, buffers: all });
      const places = (part.slabs / p.groups) * p.inner;
      const workgroups = layout.kind === 'columns' ? Math.ceil(unitsOf(layout, places) / team.teams) : places;
      return [dispatch(shader, all, workgroups)];
    }
    const sectioned = (step: 'top' | 'put', buffers: readonly Declared[]): Dispatch => {
      const kernel = { p, layout: sectionsOf(layout), team: wideTeam(capabilities), weights, step, given, buffers };
      return dispatch(quantizedSectionsShader(kernel), buffers, part.slabs * sections);
    };
    const read = [...readBuffers(p, weights, layout), SECTIONS];
    const top = sectioned('top', [...read, { ...TOPS, write: true }]);
    const put = sectioned('put', [...read, ...(given ? [] : [TOPS]), ...writtenBuffers(layout)]);
    return [normalization.sections(part), ...(given ? [] : [top]), put];
  });
  const used = new Set(dispatches.flatMap(({ bindings }) => bindings.map(({ buffer }) => buffer)));
  const scratch = ['r', 'powers', 'sections', 'tops']
    .filter((name) => used.has(name))
    .map((name) => ({ name, bytes: slabs * (perSlab[name] ?? 0) }));
  return { scratch, dispatches };
}

/** The largest |y| of every section, as bits. */
const TOPS: Declared = { name: 'tops', type: 'array<u32>', write: false };

function readBuffers(p: Problem, weights: Weights, { access }: Layout): Declared[] {
  return operationBuffers({ ...FORWARD, outputs: [] }, weights, p, access);
}

function writtenBuffers(layout: Layout): Declared[] {
  return [
    { name: 'scales', type: 'array<f32>', write: true },
    { name: 'q', type: quantizedType(layout), write: true },
  ];
}
