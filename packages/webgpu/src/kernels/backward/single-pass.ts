import type { Capabilities, Dispatch, Operands, Plan } from '../../plan.ts';
import { bytesPerSlab, sectionsOf } from '../forward/plan.ts';
import { type Layout, layoutOf, powerOfTwoFrom, SECTION, twinsOf } from '../planning/layout.ts';
import { gridOf, partsOf, rangeIn } from '../planning/slabs.ts';
import type { Problem } from '../problem.ts';
import { bindings, bound, type Declared, elementType, LANES } from '../wgsl/access.ts';
import { type Extra, type Part, parameters } from '../wgsl/parameters.ts';
import { HIGHEST_OF_SECTION, SECTION_BYTES, SECTIONS } from '../wgsl/sections.ts';
import { planScatteredGradient } from './multi-pass.ts';
import { gradientSectionsShader, sectionsKernelOf } from './section-shaders.ts';
import { type GradientKernel, type GradientTeam, gradientShader, gradientTeamOf } from './single-pass-shader.ts';
import { weightTotals } from './weight-totals.ts';

// With s = rstd, n = x * s and g = dy * w:
//
//     dx = alpha * s * (g - n * mean(g n)) + dsum       the mean over statSize, and n within the statistic alone
//     dgamma = sum over rows of dy * alpha * n          dbeta = sum over rows of dy
//
// Neither x^2 nor g x nor s^3 needs to fit into float32. A workgroup goes from row to row and sums up dgamma and dbeta
// on its way; another dispatch adds up what the workgroups have, in an order that depends on the shape alone. Of rows too
// long for that a dispatch before them has the sums of their sections.

/** Rows of a team at least, where there are as many: what it sums up is written once for all of them. */
const ROWS = 4;
/** Workgroups that keep a device busy. */
const BUSY = 1024;

export function planBackward(p: Problem, operands: Operands, capabilities: Capabilities): Plan {
  const layout = gradientLayoutOf(p);
  const widest = layout && gradientTeamOf(p, layout, capabilities);
  if (!layout || !widest) return planScatteredGradient(p, operands, capabilities);

  const sections = layout.kind === 'sections' ? Math.ceil(p.size / SECTION) : 1;
  const perSlab = {
    ...bytesPerSlab(p, ['x', 'dy', 'dsum', 'dx'], ['rstd']),
    ...(sections > 1 && { sections: sections * SECTION_BYTES }),
  };
  const parts = partsOf(p, capabilities, perSlab);
  const units = unitsOfGroup(p, layout, parts[0]!);
  const team = p.groups > 1 ? ofFewUnits(widest, units) : widest;
  const sums = ['dgamma', 'dbeta'].filter((name) => operands.present.has(name));
  const kernel = kernelOf(p, layout, team, operands);
  const shader = gradientShader(kernel);
  const split = chunksOf(p, units, team, sections);
  const dispatches = parts.flatMap((part, index): Dispatch[] => {
    const of = (buffers: readonly Declared[], extra: Extra) => ({
      bindings: bindings(buffers, rangeIn(perSlab, part, parts.length === 1)),
      uniforms: parameters({ ...p, alpha: 1 }, part, { ...extra, alpha: p.alpha, sections }),
    });
    const gradient: Dispatch = {
      shader,
      ...of(kernel.buffers, { ...split, firstChunk: index * split.chunks }),
      workgroups: gridOf(split.chunks * groupsOf(p, layout) * sections, capabilities),
    };
    if (sections === 1) return [gradient];
    const first = sectionsKernelOf(p, layout, operands, capabilities);
    return [
      {
        shader: gradientSectionsShader(first),
        ...of(first.buffers, { highest: HIGHEST_OF_SECTION }),
        workgroups: gridOf(part.slabs * sections, capabilities),
      },
      gradient,
    ];
  });
  // Of an odd number of groups each is a row's first of two, and its second.
  const chunks = parts.length * split.chunks * (layout.kind === 'twins' && p.groups > 1 && p.groups % 2 ? 2 : 1);
  const slabs = p.outer * p.groups;
  const scratch = [
    ...(sections > 1 ? [{ name: 'sections', bytes: slabs * sections * SECTION_BYTES }] : []),
    ...(sums.length > 0 ? [{ name: 'weight_sums', bytes: chunks * sums.length * p.groups * p.size * 4 }] : []),
  ];
  if (sums.length === 0) return { scratch, dispatches };
  return { scratch, dispatches: [...dispatches, weightTotals(p, sums, chunks, capabilities)] };
}

/** By sections, where a row is too long to be held. */
function gradientLayoutOf(p: Problem): Layout | null {
  const layout = layoutOf(p);
  if (layout?.kind === 'pairs' && p.size <= SECTION) return twinsOf(layout);
  return layout?.kind === 'rows' && p.size > SECTION ? sectionsOf(layout) : layout;
}

function kernelOf(p: Problem, layout: Layout, team: GradientTeam, operands: Operands): GradientKernel {
  const has = (name: string): boolean => operands.present.has(name);
  const type = elementType(p.dtype, layout.access);
  const quads = layout.kind !== 'columns' && layout.access === 'quad';
  const numbers = (name: string, write: boolean): Declared => ({
    name,
    type: quads ? 'array<vec4f>' : 'array<f32>',
    write,
  });
  const buffers = bound(
    [
      ...['x', 'dy', ...(has('dsum') ? ['dsum'] : [])].map((name) => ({ name, type, write: false })),
      { name: 'dx', type, write: true },
      ...(has('gamma') ? [numbers('gamma', false)] : []),
      ...(has('rstd') ? [{ name: 'rstd', type: 'array<f32>', write: false }] : []),
      ...(layout.kind === 'sections' ? [SECTIONS] : []),
      ...(has('dgamma') || has('dbeta') ? [numbers('weight_sums', true)] : []),
    ],
    operands,
  );
  return {
    ...team,
    p,
    layout,
    buffers,
    gamma: has('gamma'),
    given: has('rstd'),
    dsum: has('dsum'),
    dgamma: has('dgamma'),
    dbeta: has('dbeta'),
    target: operands.inPlace.dx ?? 'dx',
  };
}

/** Groups of features, each with workgroups of its own; twins' are of two at once. */
function groupsOf({ groups }: Problem, { kind }: Layout): number {
  return kind === 'twins' && groups % 2 === 0 ? groups / 2 : groups;
}

/** Rows of one group of features, twins of two, or as many columns of it as are an invocation's. */
function unitsOfGroup(p: Problem, layout: Layout, { slabs }: Part): number {
  const { kind, access } = layout;
  const groups = groupsOf(p, layout);
  if (kind === 'twins') return Math.ceil(Math.ceil(slabs / 2) / groups);
  return Math.ceil(slabs / groups) * (kind === 'columns' ? p.inner / LANES[access] : 1);
}

/** Where groups are many and rows few, no more teams than rows: a workgroup has one group's. */
function ofFewUnits(gradientTeam: GradientTeam, units: number): GradientTeam {
  const { team, together } = gradientTeam;
  if (together || team.teams <= units) return gradientTeam;
  const teams = powerOfTwoFrom(units);
  if (team.kind === 'workgroup') return gradientTeam;
  return {
    ...gradientTeam,
    team: team.kind === 'shared' && team.stride > 1 ? { ...team, teams, stride: teams } : { ...team, teams },
  };
}

/** How many `chunks` each group of features has, and how many units of each are a team's. */
function chunksOf(
  { groups }: Problem,
  units: number,
  { team }: GradientTeam,
  sections: number,
): { chunks: number; chunk: number } {
  const most = Math.max(1, Math.ceil(BUSY / (groups * sections)));
  const wanted = Math.min(most, Math.ceil(units / (team.teams * ROWS)));
  const chunk = Math.ceil(units / (team.teams * wanted));
  return { chunk, chunks: Math.ceil(units / (team.teams * chunk)) };
}
